"""Any folder of recordings that a csv describes: a path, a label and a fold in each row."""

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

from esc_gpu.core.names import as_on_disk, composed, control_character
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.csv_rows import Fields, check_filled, fold, name, open_csv, read_rows
from esc_gpu.data.recordings.from_rows import Row, recordings_from_rows
from esc_gpu.data.recordings.several_labels import AUTO
from esc_gpu.errors import EscGpuError

COLUMNS = ("path", "label", "fold")
SOURCE = "source"  # the optional column
MISSING = "expected a csv with the columns path, label, fold; correct data.table"
FOLDER = "expected a csv with the columns path, label, fold; name a folder of recordings with --data.root"


def read_table(table: str | Path, root: str | Path | None = None, task: str = AUTO) -> Recordings:
    """Read and check a csv with the columns `path`, `label`, `fold` and, if wanted, `source`; others are ignored.

    A `path` is relative to the folder `root`, by default that of the csv, and may lead into subfolders. A
    `label` is any text that can be seen, without the spaces around it; classes are numbered in the order of
    their names, or of their numbers where all labels are integers. It may hold several labels, with bars or commas
    between them, by `task` as of `divide`. A `fold` is an integer, or one of the splits
    train, validation and test by any of their names. Recordings with the same `source` were cut from one and must be in
    one fold; where it is empty or there is no such column, a file is its own source. All categories are "Other". Names
    are in Unicode's NFC, whatever the csv and the disk have.

    Raises:
        EscGpuError: for a missing folder, csv or file, a malformed csv, a path out of the folder, names that look
            alike, a single class, and for folds that cannot be used: fewer than two, a class in one fold only, or
            a source in several.
    """
    table, root = find_table(table, root)
    return recordings_from_rows(table, root, table_rows(table), task=task)


def table_rows(table: Path) -> list[Row]:
    """The rows of the csv.

    Raises:
        EscGpuError: as `read_rows`, and for a value that cannot be used.
    """
    return read_rows(table, COLUMNS, _parse, MISSING, (SOURCE,))


def find_table(table: str | Path, root: str | Path | None) -> tuple[Path, Path]:
    """The csv and the folder of its recordings; either is refused where there is none."""
    table = as_on_disk(Path(os.path.expanduser(table)))
    root = table.parent if root is None else as_on_disk(Path(os.path.expanduser(root)))
    if os.path.isdir(table):
        raise EscGpuError(f"{table}: is a folder; {FOLDER}")
    if not os.path.isdir(root):
        raise EscGpuError(f"{root}: no such folder; expected that of the recordings in {table}; correct data.root")
    with open_csv(table, MISSING):
        return table, root


def _parse(where: str, number: int, fields: Fields) -> Row:
    if None in fields:
        raise EscGpuError(
            f"{where}: has more fields than the first row; expected the same number; put text that contains "
            "the column separator in double quotes"
        )
    check_filled(where, fields, COLUMNS)
    path = relative_path(where, fields["path"])
    return Row(
        number=number,
        path=path,
        label=name(where, "label", fields),
        fold=fold(where, fields),
        source=name(where, SOURCE, fields) if (fields.get(SOURCE) or "").strip() else composed(path),
    )


def relative_path(where: str, path: str) -> str:
    """The path in one spelling.

    Raises:
        EscGpuError: for one that does not stay in its folder.
    """
    if control := control_character(path):
        raise EscGpuError(f"{where}: path {path!r} has a control character ({control}); expected none; rename the file")
    path = path.replace("\\", "/")  # of a table that was made on Windows
    if path.startswith("/") or PureWindowsPath(path).drive or ".." in path.split("/"):
        raise EscGpuError(
            f"{where}: path {path!r} is absolute or has a double dot; expected a path inside the folder of the "
            "recordings; correct it, or choose that folder with --data.root"
        )
    spelling = str(PurePosixPath(path))  # a/b for ./a//b, so that no file passes for two
    if spelling == ".":
        raise EscGpuError(f"{where}: path {path!r} is a folder; expected a file; correct it")
    return spelling
