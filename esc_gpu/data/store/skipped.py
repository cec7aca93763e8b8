"""Recordings that are left out of a run because they cannot be decoded."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from esc_gpu.core.channel import Channel
from esc_gpu.core.files import write_text
from esc_gpu.core.folds import Fold, the_fold
from esc_gpu.core.names import composed
from esc_gpu.core.run_layout import SKIPPED
from esc_gpu.core.task import label_text
from esc_gpu.core.text import printable
from esc_gpu.data.clips.damaged_files import DamagedFileError, DamagedFilesError, OnError
from esc_gpu.data.clips.windows import Windows, cut_windows
from esc_gpu.data.recordings.base import Recordings, listed
from esc_gpu.data.store.build import open_store
from esc_gpu.data.store.copies import accept, check_copies
from esc_gpu.data.store.read import WaveformStore
from esc_gpu.data.store.recording_files import LocalFiles, RecordingFiles
from esc_gpu.errors import EscGpuError

COLUMNS = ("filename", "fold", "category", "reason")
NAMES_SHOWN = 3


def open_decodable(
    paths: Sequence[Path],
    *,
    overlap: float | None,
    on_error: OnError,
    sample_rate: int,
    clip_seconds: float,
    cache_dir: Path,
    workers: int | None = None,
    progress: bool = True,
    channel: Channel = "mix",
    folds: Sequence[Fold] | None = None,
    files: RecordingFiles | None = None,
) -> tuple[WaveformStore, Windows, dict[int, str]]:
    """The store of the clips of all recordings that can be decoded, where each lies, and why others cannot be.

    `on_error` "fail" refuses the first that cannot be decoded; with "skip" the store is that of the others. Recordings
    keep their numbers: `windows.recording` and the keys of what was skipped are positions in `paths`. The other
    options are those of `cut_windows` and `open_store`.

    Raises:
        EscGpuError: what these two raise, for no recording that can be decoded and, with the `folds` of the recordings,
            for two of the same bytes in different folds.
    """
    files = LocalFiles() if files is None else files
    options: dict[str, Any] = {
        "sample_rate": sample_rate,
        "clip_seconds": clip_seconds,
        "workers": files.workers(workers),
        "progress": progress,
    }
    skipped: dict[int, str] = {}
    kept = np.arange(len(paths))
    while True:
        left = [paths[number] for number in kept.tolist()]
        try:
            windows = cut_windows(left, overlap=overlap, on_error=on_error, **options)
            check = partial(check_copies, left, [folds[number] for number in kept.tolist()]) if folds else accept
            store = open_store(
                left,
                windows=windows,
                cache_dir=cache_dir,
                on_error=on_error,
                files=files,
                channel=channel,
                check=check if on_error == "fail" else accept,  # others may be copies, and damaged
                **options,
            )
            check(files.contents(left, progress))  # of what had not come before, or was damaged
        except DamagedFilesError as error:  # there may be more: a file is looked at closer each time
            skipped |= {int(kept[position]): reason for position, reason in error.reasons.items()}
            kept = np.delete(kept, list(error.reasons))
            if not len(kept):
                raise EscGpuError(f"none of the {len(paths)} recordings can be decoded; the first: {error}") from error
        except DamagedFileError as error:
            if isinstance(error.__cause__, OSError):  # the disk's fault or the user's, which "skip" does not forgive
                raise
            raise EscGpuError(f"{error}; --data.on_error skip leaves such files out") from error
        else:
            return store, Windows(kept[windows.recording], windows.start), dict(sorted(skipped.items()))


def check_left(recordings: Recordings, skipped: Mapping[int, str]) -> None:
    """Refuse to leave out so many that a fold has none left, or a class none to train on or none to test on.

    Raises:
        EscGpuError: which fold or class that is.
    """
    is_left = np.ones(len(recordings.folds), dtype=bool)
    is_left[list(skipped)] = False
    for fold in recordings.fold_numbers:
        if not is_left[recordings.folds == fold].any():
            raise _nothing_left(recordings, skipped, f"{the_fold(fold)} has no recording left", "one or more")
    for label, name in enumerate(recordings.class_names):
        folds = set(recordings.folds[is_left & recordings.of_class(label)].tolist())
        if len(folds) < 2:
            where = f"in {the_fold(folds.pop())} only" if folds else "in no fold"
            raise _nothing_left(recordings, skipped, f"class {name!r} has recordings left {where}", "two folds or more")


def _nothing_left(recordings: Recordings, skipped: Mapping[int, str], what: str, expected: str) -> EscGpuError:
    return EscGpuError(
        f"{describe_skipped(recordings, skipped)}; then {what}; expected {expected}; replace the files, or remove the "
        "fold or class from the csv"
    )


def describe_skipped(recordings: Recordings, skipped: Collection[int]) -> str:
    """How many recordings are left out, and the names of the first."""
    names = [printable(recordings.filenames[number]) for number in list(skipped)[:NAMES_SHOWN]]
    more = ", ..." if len(skipped) > NAMES_SHOWN else ""
    total = len(recordings.filenames)
    return f"{len(skipped)} of {total} recordings cannot be decoded and are left out: {listed(names)}{more}"


def write_skipped(folder: Path, recordings: Recordings, skipped: Mapping[int, str]) -> None:
    """`skipped.csv`: a row for each recording that is left out, with the reason."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, reason in skipped.items():
        category = label_text(recordings.labels[number], recordings.class_names)
        writer.writerow([recordings.filenames[number], recordings.folds[number], category, reason])
    write_text(folder / SKIPPED, table.getvalue())


def read_skipped(folder: Path) -> set[str]:
    """The names in a run's `skipped.csv`; none where there is no such file."""
    file = folder / SKIPPED
    if not file.exists():
        return set()
    with open(file, newline="", encoding="utf-8") as lines:
        return {composed(row["filename"]) for row in csv.DictReader(lines)}
