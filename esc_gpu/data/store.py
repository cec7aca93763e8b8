"""All clips decoded once into one file of int16, which every later run maps into memory.

A store is the folder `cache_dir/<key>` with `waveforms.npy` and `index.json`. Its key is a hash of the bytes
of all clips and of the options, so a store can be missing or incomplete but never out of date.
"""

import errno
import fcntl
import hashlib
import io
import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from tqdm import tqdm

from esc_gpu.errors import EscGpuError
from esc_gpu.files import replacing, write_text

FORMAT_VERSION = 1  # raise it when the same clips and options would give other samples
RESAMPLER_QUALITY = "HQ"  # soxr's 20-bit quality: its error stays below the rounding to int16
MAX_SOURCE_RATE = 768_000  # Hz; a header that claims more is damaged
BLOCK_VALUES = 1 << 22  # decoded at a time, all channels together: a clip of 5 s is one block
SPARE_BYTES = 64 << 20  # left free on the disk
REMEDY = "remove it from the csv or replace it"


@dataclass(frozen=True, eq=False)
class WaveformStore:
    """Decoded clips."""

    waveforms: np.ndarray  # (clips, samples) int16, mapped from the file, read-only; divide by 32768 for ±1
    sample_rate: int  # Hz
    key: str  # hash of the clips and options: the name of the store's folder


def open_store(
    paths: Sequence[Path],
    *,
    sample_rate: int,
    clip_seconds: float,
    cache_dir: Path,
    workers: int | None = None,
    progress: bool = True,
) -> WaveformStore:
    """Open the store of these clips, in their order; build it first where `cache_dir` has none.

    Each clip is mixed down to mono, resampled to `sample_rate` (Hz, 1000 to 384000), and cut, or padded with
    zeros at its end, to `clip_seconds` (s, up to 3600). `workers` is the number of threads that read and
    decode, by default one for each CPU core. Several processes may open the same store at once.

    Raises:
        EscGpuError: for an option out of its range, a clip that cannot be read, is empty or damaged or holds
            NaN or Inf, and a `cache_dir` that cannot be written or has too little space.
    """
    samples = _clip_samples(sample_rate, clip_seconds)
    workers = (os.cpu_count() or 1) if workers is None else workers
    if workers < 1:
        raise EscGpuError(f"data.workers is {workers}; expected 1 or more; correct it")
    paths = [Path(path) for path in paths]
    if not paths:
        raise EscGpuError("there are no clips to store; expected one or more; choose other data")
    rate = int(sample_rate)
    options = {"version": FORMAT_VERSION, "sample_rate": rate, "samples": samples, "soxr": RESAMPLER_QUALITY}
    key = _content_key(paths, options, workers)
    index = {"key": key, **options, "filenames": [path.name for path in paths]}
    files = _StoreFiles(Path(cache_dir).expanduser() / key, (len(paths), samples), index)
    try:
        if not files.complete():
            _build(files, partial(_decode_all, paths, rate, samples, workers, progress))
        return WaveformStore(files.map(), rate, key)
    except OSError as error:
        raise EscGpuError(
            f"cache folder {cache_dir}: {error.strerror or error}; expected a folder that can be written; "
            "correct it or choose another with --data.cache_dir"
        ) from error


def _clip_samples(sample_rate: int, clip_seconds: float) -> int:
    if not 1000 <= sample_rate <= 384_000:
        raise EscGpuError(f"data.sample_rate is {sample_rate}; expected 1000 to 384000 (Hz); correct it")
    if not (0 < clip_seconds <= 3600 and round(clip_seconds * sample_rate)):
        raise EscGpuError(
            f"data.clip_seconds is {clip_seconds}; expected one sample or more, up to 3600 (s); correct it"
        )
    return round(clip_seconds * sample_rate)


def _content_key(paths: list[Path], options: dict, workers: int) -> str:
    with ThreadPoolExecutor(workers) as pool:
        clips = [[path.name, digest] for path, digest in zip(paths, pool.map(_digest, paths), strict=True)]
    return hashlib.blake2b(json.dumps([options, clips]).encode(), digest_size=16).hexdigest()


def _digest(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise EscGpuError(f"{path}: the file is empty (0 bytes); expected audio; {REMEDY}")
            return hashlib.file_digest(file, "blake2b").hexdigest()
    except OSError as error:
        raise EscGpuError(f"{path}: {error.strerror or error}; expected an audio file; {REMEDY}") from error


class _StoreFiles:
    """What the two files of a store must be, and whether they are."""

    def __init__(self, folder: Path, shape: tuple[int, int], index: dict):
        self.waveforms, self.index = folder / "waveforms.npy", folder / "index.json"
        self.folder, self.shape = folder, shape
        self.index_text = json.dumps(index, indent=1)
        header = io.BytesIO()
        fields = {"descr": "<i2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(header, fields)
        self.header = header.getvalue()
        self.bytes = len(self.header) + 2 * math.prod(shape)

    def complete(self) -> bool:
        """False too for files cut short or overwritten; the samples themselves are not read."""
        try:
            with open(self.waveforms, "rb") as file:
                right_size = os.fstat(file.fileno()).st_size == self.bytes
                right_header = file.read(len(self.header)) == self.header
            return right_size and right_header and self.index.read_bytes() == self.index_text.encode()
        except FileNotFoundError:
            return False

    def map(self) -> np.ndarray:
        return np.memmap(self.waveforms, "<i2", "r", offset=len(self.header), shape=self.shape)


def _build(files: _StoreFiles, decode: Callable[[], Iterator[np.ndarray]]) -> None:
    files.folder.mkdir(parents=True, exist_ok=True)
    with open(files.folder / "lock", "wb") as lock:
        if _locked(lock):
            if files.complete():  # another process built it while this one waited
                return
            for leftover in set(files.folder.iterdir()) - {Path(lock.name)}:  # of a builder that was killed
                leftover.unlink()
        free, needed = shutil.disk_usage(files.folder).free, files.bytes + SPARE_BYTES
        if free < needed:
            raise EscGpuError(
                f"cache folder {files.folder.parent}: {free / 1e6:.0f} MB free; expected {needed / 1e6:.0f} "
                "MB; free some disk space or choose another folder with --data.cache_dir"
            )
        with replacing(files.waveforms) as temporary:
            with open(temporary, "wb") as file:
                file.write(files.header)
                for waveform in decode():
                    file.write(waveform)
                file.flush()
                os.fsync(file.fileno())  # or a power cut could leave a whole file without its samples
            write_text(files.index, files.index_text)


def _locked(file: IO) -> bool:
    """Wait for the lock, which ends with its process, however that ends.

    False on a file system without locks: builders then work side by side and harm none, since each writes to
    files of its own and renames them at the end.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK):
            raise
        return False
    return True


def _decode_all(
    paths: list[Path], sample_rate: int, samples: int, workers: int, progress: bool
) -> Iterator[np.ndarray]:
    """Every clip in order, decoded by threads: libsndfile and soxr run outside the interpreter's lock."""
    decode = partial(_decode, sample_rate=sample_rate, samples=samples)
    ahead = 16 * workers  # clips decoded before they are written: bounds the memory
    bar = tqdm(total=len(paths), desc="decode", unit="clip", disable=not progress)
    with bar, ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(paths), ahead):
            for waveform in pool.map(decode, paths[start : start + ahead]):
                yield waveform
                bar.update()


def _decode(path: Path, sample_rate: int, samples: int) -> np.ndarray:
    """One clip as (samples,) int16."""
    waveform, source_rate = _read_mono(path, samples / sample_rate, sample_rate)
    if source_rate != sample_rate:
        import soxr

        waveform = soxr.resample(waveform, source_rate, sample_rate, RESAMPLER_QUALITY)
    if not np.isfinite(waveform).all():
        raise EscGpuError(f"{path}: has NaN or Inf samples; expected finite numbers; {REMEDY}")
    clip = np.zeros(samples, dtype=np.int16)
    part = waveform[:samples].clip(-1, 1) * 32768  # exact for a 16-bit file at its own rate
    clip[: len(part)] = np.rint(part).clip(max=32767)
    return clip


def _read_mono(path: Path, seconds: float, sample_rate: int) -> tuple[np.ndarray, int]:
    """The first `seconds` of a file as (frames,) float32, the mean of its channels, and its rate in Hz.

    Reads no more than that and what the resampler looks ahead, whatever length the header claims.
    """
    import soundfile

    blocks, read = [], 0
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            if rate > MAX_SOURCE_RATE:
                raise EscGpuError(f"{path}: claims {rate} Hz; expected up to {MAX_SOURCE_RATE}; {REMEDY}")
            look_ahead = 256 * rate / min(rate, sample_rate) if rate != sample_rate else 0
            wanted = min(math.ceil(seconds * rate + look_ahead), file.frames)
            while read < wanted:
                frames = min(wanted - read, BLOCK_VALUES // file.channels)
                block = file.read(frames, dtype="float32")
                read += len(block)
                if len(block) < frames:  # it ends too soon, or a part in the middle cannot be decoded
                    raise EscGpuError(f"{path}: gives {read} frames; expected {file.frames} by its header; {REMEDY}")
                blocks.append(block if block.ndim == 1 else block.mean(axis=1))
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: .raw, which has no header
        reason = str(getattr(error, "error_string", error)).rstrip(".")
        raise EscGpuError(f"{path}: {reason}; expected audio libsndfile can decode; {REMEDY}") from error
    if not blocks:
        raise EscGpuError(f"{path}: has no audio (0 frames); expected some; {REMEDY}")
    return np.concatenate(blocks), rate
