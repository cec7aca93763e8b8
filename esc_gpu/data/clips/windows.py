"""Long recordings cut into clips of one length."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from esc_gpu.core.clip import clip_samples
from esc_gpu.core.progress import tqdm
from esc_gpu.data.clips.damaged_files import DamagedFileError, OnError, map_files
from esc_gpu.data.clips.decode import count_workers, decode_clip, recording_samples
from esc_gpu.errors import EscGpuError

MAX_OVERLAP = 0.95
MAX_HOURS = 24 * 31  # a header that claims more is damaged


@dataclass(frozen=True, eq=False)
class Windows:
    """Where each clip lies in the recordings, in the order of the recordings and of time.

    Attributes:
        recording: (clips,) int64, position of each clip's recording.
        start: (clips,) int64, where in it the clip begins, in samples at the store's sample rate.
    """

    recording: np.ndarray
    start: np.ndarray


def cut_windows(
    paths: Sequence[Path],
    *,
    sample_rate: int,
    clip_seconds: float,
    overlap: float | None,
    workers: int | None = None,
    progress: bool = True,
    on_error: OnError = "fail",
) -> Windows:
    """Windows of `clip_seconds` over every recording, neighbours sharing `overlap` (0 to 0.95) of their length.

    One more window ends with the recording where the others leave a tail. A recording no longer than a clip has
    one window. With `overlap` None every recording has one, its beginning, and no file is opened; otherwise
    `workers` threads, by default one for each CPU core, read the length from each file's header, and its last sample.

    Raises:
        EscGpuError: for an option out of its range and a file whose header or last sample cannot be read: the first
            or, with `on_error` "skip", a DamagedFilesError with all of them.
    """
    samples, workers = clip_samples(sample_rate, clip_seconds), count_workers(workers)
    if overlap is None:
        return first_windows(len(paths))
    if not 0 <= overlap <= MAX_OVERLAP:
        raise EscGpuError(
            f"data.overlap is {overlap}; expected a share from 0 to {MAX_OVERLAP}, or none for one clip from each "
            "recording; correct it"
        )
    hop = max(1, round(samples * (1 - overlap)))
    measure = partial(_measure, sample_rate=int(sample_rate))
    with ThreadPoolExecutor(workers) as pool:
        lengths = map_files(pool, measure, [Path(path) for path in paths], on_error)
        lengths = tqdm(lengths, "measure", len(paths), unit="file", disable=not progress)
        starts = [_starts(length, samples, hop) for length in lengths]
    recording = np.repeat(np.arange(len(starts), dtype=np.int64), [len(part) for part in starts])
    return Windows(recording, np.concatenate([np.empty(0, np.int64), *starts]))


def first_windows(n_recordings: int) -> Windows:
    """The beginning of each recording."""
    return Windows(np.arange(n_recordings, dtype=np.int64), np.zeros(n_recordings, dtype=np.int64))


def _measure(path: Path, sample_rate: int) -> int:
    length = recording_samples(path, sample_rate)
    if length > MAX_HOURS * 3600 * sample_rate:
        hours = length / 3600 / sample_rate
        raise DamagedFileError(path, f"claims {hours:.0f} hours; expected up to {MAX_HOURS}")
    decode_clip(path, max(0, length - 1), sample_rate=sample_rate, samples=1)  # refused where it ends before
    return length


def _starts(length: int, samples: int, hop: int) -> np.ndarray:
    """Starts of the windows of one recording of `length` samples."""
    last = max(0, length - samples)
    starts = np.arange(0, last + 1, hop, dtype=np.int64)
    return starts if starts[-1] == last else np.append(starts, last)
