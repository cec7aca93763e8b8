"""The files of a store: shards of clips, each a plain .npy, and an index that is written last."""

import io
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from esc_gpu.core.files import replacing
from esc_gpu.data.clips.levels import Levels

HEADER_BYTES = 128  # of an .npy with a short header
SAMPLE_BYTES = 2
LEVEL_BYTES = 2  # exponent and marks of a clip, int8 each
CACHE_OPTION = "--data.cache_dir, or --cache-dir of esc-gpu features"  # what names the folder of the stores


def clips_in_shard(n_samples: int, shard_bytes: int) -> int:
    """Clips that fit into a file of `shard_bytes`; one at least."""
    return max(1, (shard_bytes - HEADER_BYTES) // (SAMPLE_BYTES * n_samples))


@dataclass(frozen=True)
class Shard:
    """One file of a store: clips `first` to `first + n_clips`, `(n_clips, n_samples)` int16.

    Behind them follow `(n_clips, 2)` int8, exponent and marks of each clip as of `esc_gpu.data.clips.levels`, unless
    all are 0. The header is one of version 2.0 of .npy. One of version 1.0 has the same size and says that the file is
    from before there were levels, so that they are not known.
    """

    path: Path
    first: int
    n_clips: int
    n_samples: int

    @property
    def header(self) -> bytes:
        """What the file begins with."""
        return self._header(np.lib.format.write_array_header_2_0)

    def _header(self, write: Callable[[io.BytesIO, dict[str, Any]], None]) -> bytes:
        header = io.BytesIO()
        write(header, {"descr": "<i2", "fortran_order": False, "shape": (self.n_clips, self.n_samples)})
        return header.getvalue()

    @property
    def n_bytes(self) -> int:
        """Size of the file without levels."""
        return len(self.header) + SAMPLE_BYTES * self.n_clips * self.n_samples

    def is_whole(self) -> bool:
        """False too for a file cut short or overwritten; the samples themselves are not read."""
        sizes = self.n_bytes, self.n_bytes + LEVEL_BYTES * self.n_clips
        return self._begins_with(self.header, sizes)

    def is_of_before(self) -> bool:
        """Whether it is whole, but the levels of its clips are not known."""
        return self._begins_with(self._header(np.lib.format.write_array_header_1_0), (self.n_bytes,))

    def _begins_with(self, header: bytes, sizes: tuple[int, ...]) -> bool:
        try:
            with open(self.path, "rb") as file:
                return os.fstat(file.fileno()).st_size in sizes and file.read(len(header)) == header
        except FileNotFoundError:
            return False

    def write(self, clips: Iterable[Levels]) -> None:
        """Make the file of these clips, or none."""
        levels = []
        with replacing(self.path) as temporary, open(temporary, "wb") as file:
            file.write(self.header)
            for clip in clips:
                file.write(clip.samples.data)
                levels.append((clip.exponent, clip.marks))
            file.write(_level_bytes(np.array(levels)))

    def add_levels(self, levels: np.ndarray) -> None:
        """Give the file of before its levels, `(n_clips, 2)`; where that is interrupted, it is not whole."""
        with open(self.path, "r+b") as file:
            file.seek(self.n_bytes)
            file.write(_level_bytes(levels))
            file.seek(0)
            file.write(self.header)

    def read_levels(self) -> np.ndarray:
        """`(n_clips, 2)` int8."""
        levels = np.fromfile(self.path, np.int8, LEVEL_BYTES * self.n_clips, offset=self.n_bytes)
        return (levels if len(levels) else np.zeros(LEVEL_BYTES * self.n_clips, np.int8)).reshape(self.n_clips, -1)


def _level_bytes(levels: np.ndarray) -> bytes:
    """What stands behind the samples: nothing for ordinary clips."""
    return levels.astype(np.int8).tobytes() if levels.any() else b""


class ShardFolder:
    """What the files of a store must be, and whether they are."""

    def __init__(self, folder: Path, shape: tuple[int, int], clips_per_shard: int, index: dict[str, Any]):
        n_clips, n_samples = shape
        self.folder, self.shape, self.clips_per_shard = folder, shape, clips_per_shard
        self.index, self.lock = folder / "index.json", folder / "lock"
        self.damaged = folder / "damaged.json"  # in place of a store: the recordings for which there cannot be one
        self.index_text = json.dumps(index, indent=1)
        self.shards = [
            Shard(folder / f"waveforms-{number:05}.npy", first, min(clips_per_shard, n_clips - first), n_samples)
            for number, first in enumerate(range(0, n_clips, clips_per_shard))
        ]

    def is_complete(self) -> bool:
        """Whether the index and every shard are there and whole."""
        try:
            return self.index.read_bytes() == self.index_text.encode() and not self.missing()
        except FileNotFoundError:
            return False

    def read_levels(self) -> np.ndarray:
        """`(n_clips, 2)` int8: exponent and marks of every clip."""
        return np.concatenate([shard.read_levels() for shard in self.shards])

    def missing(self) -> list[Shard]:
        """The shards that are not there, or not whole."""
        return [shard for shard in self.shards if not shard.is_whole()]

    def remove_leftovers(self) -> None:
        """Delete what is no part of the store: the temporary files of a builder that was killed."""
        kept = {self.lock, self.index, self.damaged, *(shard.path for shard in self.shards)}
        for path in set(self.folder.iterdir()) - kept:
            path.unlink()
