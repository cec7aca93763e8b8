"""The recordings, folds and clips that a config names."""

import os
import warnings
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from esc_gpu.config.schema import RunConfig
from esc_gpu.core.folds import TRAIN, Fold
from esc_gpu.core.task import MULTI_LABEL
from esc_gpu.data.clips.level_faults import describe_faults
from esc_gpu.data.clips.padding import describe_padding
from esc_gpu.data.clips.windows import Windows
from esc_gpu.data.local_root import local_root
from esc_gpu.data.on_demand import recording_files
from esc_gpu.data.recordings.base import Recordings, listed
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.recordings.layouts.base import N_FOLDS, TABLES
from esc_gpu.data.recordings.several_labels import describe_labels
from esc_gpu.data.recordings.synthetic import write_synthetic
from esc_gpu.data.remote.address import is_remote
from esc_gpu.data.store.read import WaveformStore
from esc_gpu.data.store.recording_files import LocalFiles, RecordingFiles
from esc_gpu.data.store.skipped import check_left, open_decodable
from esc_gpu.errors import EscGpuError, EscGpuWarning
from esc_gpu.report.tables import Table

UNSAID = ("table", "esc50")  # layouts that the folder shows
COUNTED_CLASSES = 60


def open_recordings(
    config: RunConfig, progress: bool, announce: Callable[[str], None], keep_copy: bool = True
) -> Recordings:
    """The recordings at `data.root`; without one the embedded synthetic ones, made on first use.

    Without `keep_copy`, those at an address can be read by `files_of` the config only.
    """
    root: str | Path | None = config.data.root
    if is_synthetic(config):
        announce(
            "No data.root is given, so the run uses the embedded synthetic recordings instead of real ones. "
            "Their accuracy says nothing about ESC-50."
        )
        root = write_synthetic(Path(os.path.expanduser(config.data.cache_dir)) / "synthetic", progress=progress)
    data = config.data
    if not keep_copy:
        if root is None or not is_remote(root):
            announce("data.keep_copy has no effect, because data.root is not an address: leave it out.")
        elif data.overlap is not None:
            raise EscGpuError(
                f"data.overlap is {data.overlap} and data.keep_copy is false; expected one of them, because a "
                "recording that is cut into several clips would be fetched for each; leave one of them out"
            )
    cache = Path(os.path.expanduser(data.cache_dir))
    recordings = read_recordings(
        local_root(root, cache, table=data.table, progress=progress, announce=announce, keep_copy=keep_copy),
        data.subset,
        data.table,
        data.layout,
        n_folds=data.n_folds or N_FOLDS,
        tables=cache / TABLES,
        task=data.task,
    )
    layout = "" if recordings.layout in UNSAID else f", by the layout {recordings.layout}"
    announce(f"{len(recordings.filenames)} clips, {len(recordings.class_names)} classes, in {recordings.root}{layout}")
    for note in recordings.notes:
        announce(note)
    if recordings.task == MULTI_LABEL:
        announce(describe_labels(recordings))
    if data.n_folds is not None and not recordings.folds_made:
        announce("data.n_folds has no effect, because the recordings have folds: leave it out.")
    return recordings


def is_synthetic(config: RunConfig) -> bool:
    """Whether the config names no recordings."""
    return config.data.root is None and config.data.table is None


def files_of(config: RunConfig) -> AbstractContextManager[RecordingFiles]:
    """How the recordings are read that `open_recordings` has given with `data.keep_copy`, in a block."""
    data = config.data
    return recording_files(data.root, Path(os.path.expanduser(data.cache_dir)), data.keep_copy)


def open_clips(
    config: RunConfig,
    recordings: Recordings,
    progress: bool,
    files: RecordingFiles | None = None,
) -> tuple[WaveformStore, Windows, dict[int, str]]:
    """The store of the recordings' clips, made on first use, where each clip was cut from, and what was skipped.

    The last has the reason for each recording that `data.on_error` leaves out, by its position. An EscGpuWarning says
    where most of the clips is silence, because the recordings are shorter, and others what is wrong with their levels.
    `files` reads the recordings, by default from this machine's disk.
    """
    data = config.data
    files = LocalFiles() if files is None else files
    store, windows, skipped = open_decodable(
        recordings.paths,
        overlap=data.overlap,
        on_error=data.on_error,
        sample_rate=data.sample_rate,
        clip_seconds=data.clip_seconds,
        cache_dir=Path(os.path.expanduser(data.cache_dir)) / "stores",
        workers=data.workers,
        progress=progress,
        channel=data.channel,
        folds=recordings.folds.tolist(),
        files=files,
    )
    check_left(recordings, skipped)
    chosen_folds(config, recordings, skipped)
    used = [recordings.paths[number] for number in np.unique(windows.recording)]
    padding = describe_padding(used, data.clip_seconds, files.seconds)
    if padding:
        warnings.warn(EscGpuWarning(padding), stacklevel=2)
    for fault in describe_faults(store.marks, windows.recording, recordings.filenames):
        warnings.warn(EscGpuWarning(fault), stacklevel=2)
    return store, windows, skipped


def chosen_folds(config: RunConfig, recordings: Recordings, skipped: Collection[int] = ()) -> list[Fold]:
    """The test folds to run, each checked; without the recordings `skipped`, too."""
    folds = recordings.test_folds(config.validate)
    if config.folds is not None:
        if recordings.has_splits:
            raise EscGpuError(
                f"folds is {config.folds}, but the recordings have the splits {listed(recordings.fold_numbers)}; "
                "expected folds with numbers; remove the option"
            )
        folds = [config.folds] if isinstance(config.folds, int) else list(dict.fromkeys(config.folds))
    if not folds:
        raise EscGpuError(f"folds is empty: name some of {recordings.fold_numbers}, or leave the option out to run all")
    for fold in folds:
        recordings.check_classes(fold, config.validate, skipped)  # refuses a fold that does not exist, too
    return folds


def describe_protocol(config: RunConfig, recordings: Recordings) -> str:
    """What is trained on and what is evaluated, where it is not each fold against all others; else nothing."""
    if not recordings.has_splits:
        validates = "validate: each fold is used for validation, and the next is left out; these are not test results."
        return validates if config.validate else ""
    (evaluated,) = recordings.test_folds(config.validate)
    left_out = [split for split in recordings.fold_numbers if split not in (TRAIN, evaluated)]
    unused = f" The {left_out[0]} split is left out." if left_out else ""
    remark = " These are not test results." if config.validate else ""
    return f"The model is trained once, on the train split, and evaluated on the {evaluated} split.{unused}{remark}"


def count_recordings(recordings: Recordings) -> Table:
    """How many recordings of each class are in each fold; of more than `COUNTED_CLASSES`, in all and of the fewest."""
    folds = recordings.fold_numbers
    of_class = [recordings.of_class(label) for label in range(len(recordings.class_names))]
    counts = np.array([[int(mine[recordings.folds == fold].sum()) for mine in of_class] for fold in folds])
    columns = ["class", *(fold if isinstance(fold, str) else f"fold {fold}" for fold in folds), "all"]
    by_class = np.vstack([counts, counts.sum(axis=0)])
    rows = [[name, *map(str, by_class[:, label])] for label, name in enumerate(recordings.class_names)]
    if len(rows) > COUNTED_CLASSES:
        rows = [
            ["fewest of a class", *map(str, by_class.min(axis=1))],
            ["most of a class", *map(str, by_class.max(axis=1))],
        ]
    in_fold = [int((recordings.folds == fold).sum()) for fold in folds]
    rows.append(["all", *map(str, (*in_fold, sum(in_fold)))])
    return Table("Recordings", columns, rows)


def describe_data(config: RunConfig, recordings: Recordings, n_skipped: int = 0) -> dict[str, Any]:
    """What was trained on, for the results."""
    return {
        "recordings": "embedded synthetic" if is_synthetic(config) else recordings.root.resolve().name,
        "synthetic": is_synthetic(config),
        "subset": config.data.subset,
        "layout": recordings.layout,
        **({} if config.data.channel == "mix" else {"channel": config.data.channel}),
        "clips": len(recordings.filenames) - n_skipped,
        "skipped": n_skipped,
        "classes": len(recordings.class_names),
    }
