"""From the rows that a layout has read to the recordings, with the checks that none may leave out."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from esc_gpu.core.folds import Fold, fold_dtype, splits_of
from esc_gpu.core.names import composed
from esc_gpu.core.task import SINGLE_LABEL
from esc_gpu.data.recordings.base import (
    Recordings,
    check_folds,
    check_looks,
    check_one_fold,
    check_unique,
    place_of,
)
from esc_gpu.data.recordings.clips_exist import check_clips_exist
from esc_gpu.data.recordings.several_labels import divide
from esc_gpu.errors import EscGpuError


class Row(NamedTuple):
    """A recording as a layout has it."""

    number: int  # line of the csv, the header being 1; 0 where folders have said it all
    path: str  # from the folder of the data set, in the disk's or the csv's form of Unicode
    label: str
    fold: Fold  # a number, or a split by any of its names
    source: str


def recordings_from_rows(
    table: Path,
    root: Path,
    rows: Sequence[Row],
    *,
    layout: str = "table",
    notes: Sequence[str] = (),
    remedy: str = "set data.root to the folder that the paths begin in, or remove the rows",
    task: str = SINGLE_LABEL,
) -> Recordings:
    """The recordings of checked rows, in their order.

    Classes are numbered in the order of their names, or of their numbers where all labels are integers; their
    categories are "Other".

    Args:
        table: the csv, or the folder where there is none, for errors.
        root: the folder that the paths are relative to.
        rows: one or more.
        layout, notes: as of `Recordings`.
        remedy: what to do where files are missing.
        task: as of `divide`, by which a label may be several.

    Raises:
        EscGpuError: for a missing file, names that look alike, a single class, and for folds that cannot be used: fewer
            than two, numbers beside splits, a class in one fold only, or a source in several.
    """
    rows = with_splits(table, rows)
    check_unique(table, rows, "path")
    divided = divide(table, rows, task)
    check_looks(table, divided.rows, "label")
    check_looks(table, rows, "source")
    check_one_fold(table, rows, "source")
    check_folds(table, divided.rows, "label")
    on_disk = check_clips_exist(root, rows, "path", remedy)
    names = _sorted_labels({row.label for row in divided.rows})
    folds = [row.fold for row in rows]
    return Recordings(
        root=root,
        audio=root,
        filenames=tuple(composed(row.path) for row in rows),
        folds=np.array(folds, dtype=fold_dtype(folds)),
        labels=divided.labels(names),
        src_files=tuple(row.source for row in rows),
        class_names=names,
        class_categories=("Other",) * len(names),
        on_disk=on_disk,
        layout=layout,
        notes=tuple(notes),
    )


def with_splits(table: Path, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows with each split by its own name; those with numbers as they are.

    Raises:
        EscGpuError: for numbers beside splits, and for names of splits that do not go together.
    """
    words = {row.fold for row in rows if isinstance(row.fold, str)}
    if not words:
        return rows
    if number := next((row for row in rows if not isinstance(row.fold, str)), None):
        raise EscGpuError(
            f"{place_of(table, number)}: fold is {number.fold}, but other rows have {min(words)!r}; expected numbers "
            "only, or splits only; correct the column fold"
        )
    try:
        meant = splits_of(words)
    except EscGpuError as error:
        raise EscGpuError(f"{table}: {error}") from error
    return [row._replace(fold=meant[str(row.fold)]) for row in rows]


def _sorted_labels(labels: set[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(labels, key=lambda label: (int(label), label)))
    except ValueError:
        return tuple(sorted(labels))
