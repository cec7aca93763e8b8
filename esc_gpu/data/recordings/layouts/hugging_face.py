"""The layout of recordings that were extracted from a data set of Hugging Face: files, and a table that was written."""

import dataclasses
import os
from pathlib import Path

from esc_gpu.core.names import composed
from esc_gpu.core.source_names import sources_by_name
from esc_gpu.core.task import SINGLE_LABEL
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.csv_rows import Fields, check_filled, fold, name, open_csv, read_rows
from esc_gpu.data.recordings.from_rows import Row, recordings_from_rows
from esc_gpu.data.recordings.layouts.base import Reading
from esc_gpu.data.recordings.layouts.made_folds import with_folds
from esc_gpu.data.recordings.several_labels import AUTO
from esc_gpu.data.recordings.table import relative_path
from esc_gpu.errors import EscGpuError

TABLE = "extracted.csv"
NAME, SIGN = "hugging_face", f"Parquet or Arrow files with audio, or {TABLE}"
LABEL, LABELS = "label", "labels"
# By whether a recording may have several labels.
HEADER = {several: ["path", LABELS if several else LABEL, "fold", "source"] for several in (False, True)}
MISSING = "expected the table of an extracted data set; delete its folder, and it is extracted anew"


def is_here(root: Path) -> bool:
    """Whether the folder has the table."""
    return os.path.isfile(root / TABLE)


def read(root: Path, reading: Reading) -> Recordings:
    """Its recordings, in their folds or splits; where there are none, folds are made.

    Raises:
        EscGpuError: for several labels without folds, and as `recordings_from_rows`.
    """
    table = root / TABLE
    with open_csv(table, MISSING) as lines:
        label = LABELS if LABELS in lines.readline().strip().split(",") else LABEL
    folds: list[tuple[str, str]] = []

    def parse(where: str, number: int, fields: Fields) -> Row:
        check_filled(where, fields, ("path", label))
        path = relative_path(where, fields["path"])
        folds.append((where, fields["fold"] or ""))
        source = name(where, "source", fields) if (fields["source"] or "").strip() else ""
        return Row(number, path, name(where, label, fields), fold(where, fields) if fields["fold"] else 0, source)

    rows = read_rows(table, ("path", label, "fold", "source"), parse, MISSING)
    has_folds = any(value for _, value in folds)
    if without := [where for where, value in folds if has_folds and not value]:
        raise EscGpuError(
            f"{without[0]}: has no fold ({len(without)} of {len(folds)} rows); expected a fold or a split in every "
            "row, or in none; correct the column fold of the data set, or write a table for --data.table"
        )
    rows, notes = _with_sources(rows)
    task = reading.task if label == LABELS or reading.task != AUTO else SINGLE_LABEL
    if has_folds:
        return recordings_from_rows(table, root, rows, layout=NAME, notes=notes, task=task)
    if label == LABELS:
        raise EscGpuError(
            f"{root}: has several labels a recording, but neither folds nor splits; expected them in its columns or "
            f"the names of its files; write them in a table for --data.table, with {table} as the beginning"
        )
    return dataclasses.replace(with_folds(root, rows, reading, notes, are_told=True), layout=NAME)


def _with_sources(rows: list[Row]) -> tuple[list[Row], list[str]]:
    """The rows, those without a source having the one that their name tells, or being one of their own."""
    if all(row.source for row in rows):
        return rows, []
    paths = [row.path for row in rows]
    named = sources_by_name(paths)
    sources = named[1] if named else [composed(path) for path in paths]
    begin = (
        f"The files have the names of {named[0]}, which tell" if named else "Neither columns nor names of files tell"
    )
    end = "" if named else ", so each is taken for one of its own"
    return (
        [row._replace(source=row.source or source) for row, source in zip(rows, sources, strict=True)],
        [f"{begin} which of them were cut from one recording{end}."],
    )
