"""The ESC-50 layout: which clips a folder holds, their classes, and the folds they are split by."""

import os
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from esc_gpu.core.esc50 import AUDIO, COLUMNS, TABLE, category_of
from esc_gpu.core.names import as_on_disk, composed, control_character
from esc_gpu.data.recordings.base import (
    Recordings,
    check_folds,
    check_looks,
    check_one,
    check_one_fold,
    check_unique,
    listed,
)
from esc_gpu.data.recordings.clips_exist import check_clips_exist
from esc_gpu.data.recordings.csv_rows import Fields, check_filled, integer, name, read_rows
from esc_gpu.data.recordings.layouts.base import Reading, Subset
from esc_gpu.errors import EscGpuError

NAME, SIGN = "esc50", TABLE
MISSING = "expected the csv of ESC-50; point data.root to the folder above meta"


def is_here(root: Path) -> bool:
    """Whether the folder has the table of ESC-50."""
    return os.path.exists(root / TABLE)


def read(root: Path, reading: Reading) -> Recordings:
    """ESC-50, or a part of it, by its table."""
    return read_esc50(root, reading.subset)


def read_esc50(root: str | Path, subset: Subset = "all") -> Recordings:
    """Read and check `root/meta/esc50.csv`; the clips lie in `root/audio`, in any format libsndfile reads.

    `subset` "esc10" keeps the clips whose column `esc10` is True. Classes are numbered in the order of their
    targets; their categories are those of ESC-50, or "Other".

    Raises:
        EscGpuError: for a missing folder, csv or clip, a malformed csv, and for folds that cannot be used:
            fewer than two, a class in one fold only, or a recording with clips in several folds. For names that
            look alike, and a single class, too.
    """
    if subset not in get_args(Subset):
        raise EscGpuError(f"data.subset {subset!r} is unknown; expected one of {listed(get_args(Subset))}")
    root = find_root(root)
    table, audio = root / TABLE, root / AUDIO
    rows = read_rows(table, COLUMNS, _parse, MISSING)
    check_unique(table, rows, "filename")
    if subset == "esc10":
        rows = [row for row in rows if row.esc10]
        if not rows:
            raise EscGpuError(f"{table}: no row has esc10 True; expected some; set data.subset to all")
    check_looks(table, rows, "category")
    check_looks(table, rows, "src_file")
    check_one(table, rows, "category", "target", "the name of the class")
    check_one(table, rows, "target", "category", "or reports could not tell two classes apart")
    check_one_fold(table, rows, "src_file")
    check_folds(table, rows, "category")
    on_disk = check_clips_exist(
        audio, rows, "filename", "point data.root to the folder above meta and audio, or remove the rows"
    )

    names = {row.target: row.category for row in rows}
    targets = sorted(names)
    label_of = {target: label for label, target in enumerate(targets)}
    return Recordings(
        root=root,
        audio=audio,
        filenames=tuple(composed(row.filename) for row in rows),
        folds=np.array([row.fold for row in rows], dtype=np.int64),
        labels=np.array([label_of[row.target] for row in rows], dtype=np.int64),
        src_files=tuple(row.src_file for row in rows),
        class_names=tuple(names[target] for target in targets),
        class_categories=tuple(map(category_of, targets)),
        on_disk=on_disk,
        layout=NAME,
    )


def find_root(root: str | Path) -> Path:
    """The folder of the data set; refused where there is none."""
    root = as_on_disk(Path(os.path.expanduser(root)))
    if os.path.isfile(root):
        raise EscGpuError(f"{root}: is a file; expected the folder of ESC-50; name a csv with --data.table FILE.csv")
    if not os.path.isdir(root):
        raise EscGpuError(f"{root}: no such folder; expected ESC-50, with its meta and audio; correct data.root")
    return root


class _Row(NamedTuple):
    number: int  # line of the csv, the header being 1
    filename: str
    fold: int
    target: int
    category: str
    esc10: bool
    src_file: str


def _parse(where: str, number: int, fields: Fields) -> _Row:
    check_filled(where, fields, COLUMNS)
    filename = fields["filename"]
    if "/" in filename or "\\" in filename or filename in (".", "..") or control_character(filename):
        raise EscGpuError(
            f"{where}: filename {filename!r} has a slash or a control character, or is a folder; expected the name of "
            "a file in the folder audio; correct it"
        )
    if fields["esc10"].lower() not in ("true", "false"):
        raise EscGpuError(f"{where}: esc10 is {fields['esc10']!r}; expected True or False; correct it")
    return _Row(
        number=number,
        filename=filename,
        fold=integer(where, "fold", fields),
        target=integer(where, "target", fields),
        category=name(where, "category", fields),
        esc10=fields["esc10"].lower() == "true",
        src_file=name(where, "src_file", fields),
    )
