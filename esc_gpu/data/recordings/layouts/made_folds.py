"""Folds for recordings that have none: drawn once, written down as a table, and read from it the next time."""

import csv
import dataclasses
import hashlib
import io
import os
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from esc_gpu.core.files import write_text
from esc_gpu.core.text import printable
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.clips_exist import check_clips_exist
from esc_gpu.data.recordings.csv_rows import Fields, read_rows
from esc_gpu.data.recordings.from_rows import Row, recordings_from_rows
from esc_gpu.data.recordings.layouts.base import Reading
from esc_gpu.data.recordings.table import COLUMNS, MISSING, SOURCE, relative_path, table_rows
from esc_gpu.errors import EscGpuError

SEED = 0
TOLD = "told"  # the column of what the data set said of a recording when the folds were made
OPTION = "data.n_folds, or --n-folds of esc-gpu features, embed and probe"


def with_folds(
    root: Path,
    rows: Sequence[Row],
    reading: Reading,
    notes: Sequence[str],
    are_told: bool = False,
    remedy: str | None = None,
) -> Recordings:
    """The recordings in the folds of their table, which is written where there is none yet.

    Only rows of the table are read: a user may edit it, and remove rows.

    Args:
        root: the folder that the paths of the rows are relative to.
        rows: all recordings in the folder, their folds being of no account.
        reading: how many folds, and where the table is.
        notes: what else is to be said to the user.
        are_told: whether labels and sources are told by the data set rather than by the paths, so that those in the
            table may not be those of today.
        remedy: what else to do where files are missing.

    Raises:
        EscGpuError: for a class or a number of folds that no folds can be made of, a table that cannot be written, one
            of other labels or sources, and as `table_rows` and `recordings_from_rows`.
    """
    table = None if reading.tables is None else reading.tables / _table_name(root, reading.n_folds)
    if remedy is not None and (table is None or not table.is_file()):
        check_clips_exist(root, rows, "path", remedy)
    if table is None:
        drawn = draw_folds(root, rows, reading.n_folds)
        return dataclasses.replace(recordings_from_rows(root, root, drawn, notes=notes), folds_made=True)
    said = [f"The recordings have no folds of their own, so they are in those of {table}, which you may have edited."]
    if not table.is_file():
        _write(table, draw_folds(root, rows, reading.n_folds), [_told(row) if are_told else "" for row in rows])
        said = [
            f"There are no folds, so {reading.n_folds} were made, with the classes spread evenly over them. {table} "
            "holds them. You may edit it; every run reads it again."
        ]
    known = table_rows(table)
    if are_told:
        _check_told(table, rows)
    if new := sorted({row.path for row in rows} - {row.path for row in known}):
        said.append(
            f"Recordings in the folder that are not in that table are left out: {len(new)}, such as "
            f"{printable(new[0])}. Delete the table to make the folds anew."
        )
    other = "" if remedy is None else f"{remedy}, "
    remedy = f"{other}delete {table} to make the folds anew, or remove the rows"
    recordings = recordings_from_rows(table, root, known, notes=[*notes, *said], remedy=remedy)
    return dataclasses.replace(recordings, folds_made=True)


def join_copies(root: Path, rows: Sequence[Row]) -> list[Row]:
    """The rows, with one source for files of the same bytes: in two folds, one would be tested on the other.

    Raises:
        EscGpuError: for a file that cannot be read.
    """
    of_size, of_bytes, joined = defaultdict(list), dict[str, str](), dict[str, str]()

    def source_of(source: str) -> str:
        while source in joined:
            source = joined[source]
        return source

    try:
        for row in rows:
            if size := os.path.getsize(root / row.path):
                of_size[size].append(row)
        for row in (row for alike in of_size.values() if len(alike) > 1 for row in alike):
            with open(root / row.path, "rb") as file:
                digest = hashlib.file_digest(file, "blake2b").hexdigest()
            first, other = source_of(of_bytes.setdefault(digest, row.source)), source_of(row.source)
            if first != other:
                joined[other] = first
    except OSError as error:
        raise EscGpuError(
            f"{error.filename}: {error.strerror}; expected a file that can be read; replace it or remove it"
        ) from error
    return [row._replace(source=source_of(row.source)) for row in rows]


def draw_folds(root: Path, rows: Sequence[Row], n_folds: int) -> list[Row]:
    """The rows in folds from 1 to `n_folds`: each source in one, each class evenly over all, drawn from one seed.

    Raises:
        EscGpuError: for a single class, a class with a single source, more folds than any class has sources, and a file
            that cannot be read.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    rows, sources_of = join_copies(root, rows), defaultdict(set)
    for row in rows:
        sources_of[row.label].add(row.source)
    if len(sources_of) < 2:
        raise EscGpuError(f"{root}: every clip has label {rows[0].label!r}; expected two classes or more; add others")
    for label, of_class in sources_of.items():
        if len(of_class) < 2:
            raise EscGpuError(
                f"{root}: class {label!r} has recordings of one source only, {next(iter(of_class))!r}; expected two "
                "sources or more, to train on one and test on another; add recordings, or remove the class"
            )
    if n_folds > (most := max(map(len, sources_of.values()))):
        raise EscGpuError(
            f"{root}: {n_folds} folds cannot be made, because no class has more than {most} sources; expected "
            f"{'2' if most == 2 else f'2 to {most}'}; set {OPTION}"
        )
    sources = [row.source for row in rows]
    is_grouped = len(set(sources)) < len(sources)  # by far the slower
    splitter = (StratifiedGroupKFold if is_grouped else StratifiedKFold)(n_folds, shuffle=True, random_state=SEED)
    groups = sources if is_grouped else None
    folds = np.zeros(len(rows), np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "The least populated class", UserWarning
        )  # it is in some folds, which will do
        for number, (_, test) in enumerate(splitter.split(folds, [row.label for row in rows], groups), 1):
            folds[test] = number
    return [row._replace(fold=fold) for row, fold in zip(rows, folds.tolist(), strict=True)]


def _told(row: Row) -> str:
    """What the data set says of a recording, in a few signs."""
    return hashlib.blake2b(repr((row.label, row.source)).encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def _check_told(table: Path, rows: Sequence[Row]) -> None:
    """Refuse folds for which the data set said something else of a recording; what a user has edited is no matter."""

    def parse(where: str, number: int, fields: Fields) -> tuple[str, str]:
        return relative_path(where, fields["path"]), fields.get(TOLD) or ""

    told = dict(read_rows(table, ("path",), parse, MISSING, (TOLD,)))
    if changed := [row.path for row in rows if told.get(row.path, "") not in ("", _told(row))]:
        raise EscGpuError(
            f"{table}: the data set now has another label or source for {len(changed)} recordings, such as "
            f"{printable(changed[0])}; expected those that the folds were made for; move the table away to make the "
            "folds anew"
        )


def _table_name(root: Path, n_folds: int) -> str:
    """Known again by the place of the folder and the number of folds; not longer than names of files may be."""
    place = root.resolve()
    return f"{place.name[:50]}-{n_folds}-folds-{hashlib.blake2b(os.fsencode(place), digest_size=4).hexdigest()}.csv"


def _write(table: Path, rows: Sequence[Row], told: Sequence[str]) -> None:
    values = [[row.path, row.label, row.fold, row.source] for row in rows]
    further = [TOLD] if any(told) else []
    for row, text in zip(values, told, strict=True):
        row += [text] if further else []
    try:
        table.parent.mkdir(parents=True, exist_ok=True)
        write_text(table, table_text(values, *further))
    except OSError as error:
        raise EscGpuError(
            f"{table}: {error.strerror or error}; expected a file that can be written; correct it or choose another "
            "folder with --data.cache_dir"
        ) from error


def table_text(rows: Sequence[Sequence[object]], *further: str) -> str:
    """A table of recordings as a csv, with the columns path, label, fold and source, and `further` ones."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([(*COLUMNS, SOURCE, *further), *rows])
    return text.getvalue()
