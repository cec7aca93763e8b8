"""All clips decoded once into shards of int16, which every later run reads from.

A store is the folder `cache_dir/<key>` with `waveforms-00000.npy`, `waveforms-00001.npy`, ... and `index.json`.
Its key is a hash of the bytes of all recordings, the windows and the options, so a store can be missing or
incomplete but never out of date, and a build that was stopped goes on with the shards it has finished. Where all
damaged recordings were looked for and some were found, the folder has `damaged.json` instead.
"""

import hashlib
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from esc_gpu.core.channel import NUMBERS, Channel, check_channel
from esc_gpu.core.clip import clip_samples
from esc_gpu.core.files import cache_error, read_json, write_json, write_text
from esc_gpu.core.lock import lock
from esc_gpu.core.progress import tqdm
from esc_gpu.data.clips.damaged_files import DamagedFilesError, OnError, map_files, reason_of
from esc_gpu.data.clips.decode import RESAMPLER_QUALITY, count_workers, decode
from esc_gpu.data.clips.levels import Levels
from esc_gpu.data.clips.windows import Windows, first_windows
from esc_gpu.data.store.earlier_shards import complete_shard
from esc_gpu.data.store.read import WaveformStore
from esc_gpu.data.store.recording_files import LocalFiles, RecordingFiles
from esc_gpu.data.store.shards import CACHE_OPTION, SAMPLE_BYTES, ShardFolder, clips_in_shard
from esc_gpu.errors import EscGpuError

FORMAT_VERSION = 3  # raise it when the same clips and options would give other samples
SHARD_BYTES = 1 << 30
SPARE_BYTES = 64 << 20  # left free on the disk
AHEAD_BYTES = 256 << 20  # decoded before it is written


def open_store(
    paths: Sequence[Path],
    *,
    windows: Windows | None = None,
    sample_rate: int,
    clip_seconds: float,
    cache_dir: Path,
    workers: int | None = None,
    progress: bool = True,
    shard_bytes: int = SHARD_BYTES,
    on_error: OnError = "fail",
    files: RecordingFiles | None = None,
    channel: Channel = "mix",
    check: Callable[[Sequence[str]], None] = lambda digests: None,
) -> WaveformStore:
    """Open the store of these recordings' clips, in their order; build it first where `cache_dir` has none.

    Each clip is mixed down to mono, or one `channel` is taken of it, resampled to `sample_rate` (Hz, 1000 to 384000),
    and cut, or padded with zeros at its end, to `clip_seconds` (s, up to 3600). The clips are `windows` of the
    recordings, by default the beginning of each. `workers` is the number of threads that read and decode, by default
    one for each CPU core. A file of the store has at most `shard_bytes`, but one clip at least, and two bytes a clip
    more where the levels of some are not ordinary. Several processes may open the same store at once. `files` reads the
    recordings, by default from this machine's disk. `check` may refuse them by their hashes before they are decoded.

    Raises:
        EscGpuError: for an option out of its range, a clip that cannot be read, is empty or damaged or holds
            NaN or Inf, a recording that changes meanwhile, and a `cache_dir` that cannot be written or has too little
            space. With `on_error` "skip" a DamagedFilesError has all the recordings that cannot be decoded, now and
            without decoding any the next time.
    """
    samples, workers = clip_samples(sample_rate, clip_seconds), count_workers(workers)
    check_channel(channel)
    files = LocalFiles() if files is None else files
    paths = [Path(path) for path in paths]
    windows = first_windows(len(paths)) if windows is None else windows
    _check_windows(windows, len(paths))
    rate, clips_per_shard = int(sample_rate), clips_in_shard(samples, shard_bytes)
    options: dict[str, Any] = {
        "version": FORMAT_VERSION,
        "sample_rate": rate,
        "samples": samples,
        "soxr": RESAMPLER_QUALITY,
        "clips_per_shard": clips_per_shard,
    }
    if channel != "mix":  # as stores have been since before there was a choice
        options["channel"] = NUMBERS.get(str(channel), channel)
    with ThreadPoolExecutor(workers) as pool:
        fingerprints = list(map_files(pool, files.digest, paths, on_error))
    digests = [fingerprint.digest for fingerprint in fingerprints]
    check(digests)
    key = _content_key(paths, digests, windows, options)
    index = {"key": key, **options, "clips": len(windows.start), "filenames": [path.name for path in paths]}
    place = Path(os.path.expanduser(cache_dir)) / key
    folder = ShardFolder(place, (len(windows.start), samples), clips_per_shard, index)

    def decode_one(clip: int) -> Levels:
        recording, start = int(windows.recording[clip]), int(windows.start[clip])
        with files.opened(paths[recording], fingerprints[recording]) as file:
            return decode(file, start, sample_rate=rate, samples=samples, channel=channel)

    decode_all = partial(_decode_all, decode_one, paths, windows.recording, samples, workers, progress, on_error)

    def is_complete() -> bool:
        if on_error == "skip" and folder.damaged.exists():
            reasons = read_json(folder.damaged)
            raise DamagedFilesError(paths, {int(position): reason for position, reason in reasons.items()})
        return folder.is_complete()

    try:
        if not is_complete():
            _build(folder, decode_all, decode_one, is_complete)
        return WaveformStore(folder, rate, key)
    except OSError as error:
        raise cache_error(cache_dir, error, CACHE_OPTION) from error


def _check_windows(windows: Windows, n_recordings: int) -> None:
    recording, start = windows.recording, windows.start
    if not len(start):
        raise EscGpuError("there are no clips to store; expected one or more; choose other data")
    if recording.shape != start.shape or start.min() < 0 or not 0 <= recording.min() <= recording.max() < n_recordings:
        raise EscGpuError(
            f"the windows are not those of these {n_recordings} recordings; expected a recording from 0 to "
            f"{n_recordings - 1} and a start from 0 on for each; cut them anew"
        )


def _content_key(paths: list[Path], digests: list[str], windows: Windows, options: dict[str, Any]) -> str:
    clips = [[path.name, digest] for path, digest in zip(paths, digests, strict=True)]
    content = hashlib.blake2b(json.dumps([options, clips]).encode(), digest_size=16)
    for numbers in (windows.recording, windows.start):
        content.update(numbers.astype("<i8").tobytes())
    return content.hexdigest()


def _build(
    files: ShardFolder,
    decode_all: Callable[[np.ndarray], Generator[Levels]],
    decode_one: Callable[[int], Levels],
    is_complete: Callable[[], bool],
) -> None:
    """Make the shards that are missing, then the index. `decode_all` gives the clips it is told, in their order."""
    files.folder.mkdir(parents=True, exist_ok=True)
    with open(files.lock, "ab") as handle:
        # Without locks builders work side by side and harm none: each has files of its own and renames them at the end.
        if lock(handle):
            if is_complete():  # another process built it while this one waited
                return
            files.remove_leftovers()
        for shard in files.shards:
            if shard.is_of_before():
                complete_shard(shard, decode_one)
        missing = files.missing()
        _check_space(files.folder, sum(shard.n_bytes for shard in missing))
        clips = [np.arange(shard.first, shard.first + shard.n_clips) for shard in missing]
        decoded = decode_all(np.concatenate([np.empty(0, np.int64), *clips]))
        try:
            for shard in missing:
                shard.write(islice(decoded, shard.n_clips))
        except EscGpuError as error:
            # Without a bad clip the store has another key, and these shards no use; a disk may be better next time.
            if not isinstance(error.__cause__, OSError):
                for shard in files.shards:
                    shard.path.unlink(missing_ok=True)
            if isinstance(error, DamagedFilesError):
                write_json(files.damaged, error.reasons)
            raise
        finally:
            decoded.close()  # its threads end here, not when the garbage is collected
        write_text(files.index, files.index_text)


def _check_space(folder: Path, needed: int) -> None:
    free, needed = shutil.disk_usage(folder).free, needed + SPARE_BYTES
    if free < needed:
        raise EscGpuError(
            f"cache folder {folder.parent}: {free / 1e6:.0f} MB free; expected {needed / 1e6:.0f} MB; free some "
            f"disk space or choose another folder with {CACHE_OPTION}"
        )


def _decode_all(
    decode_one: Callable[[int], Levels],
    paths: list[Path],
    recording_of: np.ndarray,
    samples: int,
    workers: int,
    progress: bool,
    on_error: OnError,
    clips: np.ndarray,
) -> Generator[Levels]:
    """The clips of these numbers in order, decoded by threads: libsndfile and soxr run outside the interpreter's lock.

    The bar counts all clips, those of finished shards as done. With `on_error` "skip" the first that cannot be decoded
    ends the clips, but not before the rest was tried.
    """
    total = len(recording_of)
    ahead = min(16 * workers, max(workers, AHEAD_BYTES // (SAMPLE_BYTES * samples)))
    bar = tqdm(total=total, initial=total - len(clips), desc="decode", unit="clip", disable=not progress)
    pool, reasons = ThreadPoolExecutor(workers), dict[int, str]()
    decoding: deque[tuple[int, Future[Levels]]] = deque()

    def oldest() -> Iterator[Levels]:
        """The clip that is decoded next; none from a damaged recording on."""
        recording, future = decoding.popleft()
        try:
            decoded = future.result()
        except EscGpuError as error:
            if on_error == "fail":
                raise
            reasons.setdefault(recording, reason_of(paths[recording], error))
        bar.update()
        if not reasons:
            yield decoded

    try:
        for clip in clips.tolist():
            decoding.append((int(recording_of[clip]), pool.submit(decode_one, clip)))
            if len(decoding) == ahead:
                yield from oldest()
        while decoding:
            yield from oldest()
        if reasons:
            raise DamagedFilesError(paths, reasons)
    finally:
        pool.shutdown(cancel_futures=True)
        bar.close()
