"""Decoded clips by number: in the shards of a store, or in memory."""

import io
import os
import threading
import weakref
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from esc_gpu.data.clips.levels import scaled
from esc_gpu.data.store.shards import CACHE_OPTION, SAMPLE_BYTES, ShardFolder
from esc_gpu.errors import EscGpuError


class Waveforms(Protocol):
    """`(n_clips, n_samples)` int16, full scale at ±32768, to be read by several threads at once.

    Attributes:
        exponents: `(n_clips,)` int8, where some clips are to be multiplied with two to the power of that; else None.
    """

    n_clips: int
    n_samples: int
    exponents: np.ndarray | None

    def read_into(self, index: np.ndarray, out: np.ndarray) -> None:
        """Fill `out` `(B, n_samples)` int16 with the clips of `index` `(B,)` in that order."""

    def read(self, index: np.ndarray) -> np.ndarray:
        """The same as a new array, int16; with exponents float32 with full scale at 1."""


class WaveformStore:
    """The clips of a store.

    Reads are `preadv` into the rows, not a memory map: from a cold disk several times as fast, for the kernel
    sees the whole clip at once, and a failing disk is an error where a map kills the process. Where a system has
    no `preadv`, as Windows, threads take turns at a shard.

    Args:
        files: a complete store.
        sample_rate: Hz.
        key: hash of the clips and options, the name of the store's folder.
        levels: `(n_clips, 2)` int8, the exponent and the marks of each clip; None reads them from the files.

    Attributes:
        exponents: as of `Waveforms`.
        marks: `(n_clips,)` int8, what was found in each clip while it was decoded: bits of `esc_gpu.data.clips.levels`.
    """

    def __init__(self, files: ShardFolder, sample_rate: int, key: str, levels: np.ndarray | None = None):
        self.shape = self.n_clips, self.n_samples = files.shape
        self.sample_rate, self.key = sample_rate, key
        self.folder, self._layout = files.folder, files
        self._clips_per_shard = files.clips_per_shard
        self._files = [_ShardFile(shard.path, len(shard.header)) for shard in files.shards]
        self._levels = files.read_levels() if levels is None else levels
        exponents, self.marks = self._levels.T
        self.exponents: np.ndarray | None = exponents if exponents.any() else None

    # To another process, which opens the files itself: of one on another machine, the store is compared and not read.
    def __reduce__(self) -> tuple[Any, ...]:
        return WaveformStore, (self._layout, self.sample_rate, self.key, self._levels)

    @property
    def nbytes(self) -> int:
        """Bytes of all samples."""
        return SAMPLE_BYTES * self.n_clips * self.n_samples

    def read_into(self, index: np.ndarray, out: np.ndarray) -> None:
        """Fill `out` `(B, n_samples)` int16, its rows contiguous, with the clips of `index` `(B,)` in that order.

        Several threads may read at once; the interpreter's lock is not held meanwhile.

        Raises:
            IndexError: for a number out of 0 to n_clips - 1.
            EscGpuError: for a shard that cannot be read any more.
        """
        _check_request(self, index, out)
        row_bytes = SAMPLE_BYTES * self.n_samples
        for clip, row in zip(index.tolist(), out, strict=True):
            shard, position = divmod(clip, self._clips_per_shard)
            self._files[shard].read(position * row_bytes, memoryview(row).cast("B"))

    def read(self, index: np.ndarray) -> np.ndarray:
        """As of `Waveforms`; errors as in `read_into`."""
        return _read(self, index)


class ArrayStore:
    """Clips in memory with the surface of a store.

    Args:
        waveforms: `(clips, T)` int16.

    Raises:
        EscGpuError: for another kind of array.
    """

    exponents: np.ndarray | None = None

    def __init__(self, waveforms: np.ndarray):
        if waveforms.ndim != 2 or waveforms.dtype != np.int16:
            raise EscGpuError(
                f"the waveforms are {waveforms.dtype} {waveforms.shape}; expected int16 (clips, samples); convert them"
            )
        self.waveforms = waveforms
        self.shape = self.n_clips, self.n_samples = waveforms.shape
        self.nbytes = waveforms.nbytes

    def read_into(self, index: np.ndarray, out: np.ndarray) -> None:
        """As `WaveformStore.read_into`."""
        _check_request(self, index, out)
        np.take(self.waveforms, index, axis=0, out=out, mode="clip")  # the other modes fill a copy of `out` first

    def read(self, index: np.ndarray) -> np.ndarray:
        """As of `Waveforms`."""
        return _read(self, index)


def _read(store: Waveforms, index: np.ndarray) -> np.ndarray:
    out = np.empty((len(index), store.n_samples), dtype=np.int16)
    store.read_into(np.asarray(index), out)
    return out if store.exponents is None else scaled(out, store.exponents[index][:, None])


def _check_request(store: Waveforms, index: np.ndarray, out: np.ndarray) -> None:
    if out.dtype != np.int16 or out.shape != (len(index), store.n_samples):
        raise ValueError(f"out is {out.dtype} {out.shape}; expected int16 ({len(index)}, {store.n_samples})")
    if len(index) and not 0 <= index.min() <= index.max() < store.n_clips:
        raise IndexError(f"clips {index.min()} to {index.max()} were asked for; there are 0 to {store.n_clips - 1}")


class _ShardFile:
    """A shard, opened when first read."""

    def __init__(self, path: Path, offset: int):
        self.path, self.offset = path, offset
        self.file: io.FileIO | None = None
        self.opening, self.moving = threading.Lock(), threading.Lock()

    def read(self, position: int, row: memoryview) -> None:
        """Fill `row` with the bytes from `position` on, counted from the first sample."""
        try:
            file = self._open()
            position += self.offset
            while row:
                count = self._read_at(file, position, row)
                if not count:
                    raise EscGpuError(
                        f"{self.path}: ends at byte {position}; expected a whole shard of the store; start again, "
                        "and it is made anew"
                    )
                position, row = position + count, row[count:]
        except OSError as error:
            raise EscGpuError(
                f"{self.path}: {error.strerror or error}; expected a shard of the store that can be read; see to "
                f"its disk, or choose another folder with {CACHE_OPTION}"
            ) from error

    def _read_at(self, file: io.FileIO, position: int, row: memoryview) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(file.fileno(), [row], position)
        with self.moving:
            file.seek(position)
            return file.readinto(row)

    def _open(self) -> io.FileIO:
        with self.opening:
            if self.file is None:
                self.file = io.FileIO(self.path)
                weakref.finalize(self, self.file.close)
            return self.file
