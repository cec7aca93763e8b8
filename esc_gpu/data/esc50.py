"""The ESC-50 layout: which clips a folder holds, their classes, and the folds they are split by."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np

from esc_gpu.errors import EscGpuError

CATEGORIES = (  # ten targets each: target // 10 is the position here
    "Animals",
    "Natural soundscapes & water sounds",
    "Human, non-speech sounds",
    "Interior/domestic sounds",
    "Exterior/urban noises",
)
COLUMNS = ("filename", "fold", "target", "category", "esc10", "src_file", "take")
INT64 = np.iinfo(np.int64)
Subset = Literal["all", "esc10"]


@dataclass(frozen=True, eq=False)
class Recordings:
    """The clips of one data set, in the order of its csv.

    Attributes:
        root: the folder that holds `meta` and `audio`.
        filenames: name of each clip inside `root/audio`.
        folds: (clips,) int64, the fold of each clip.
        labels: (clips,) int64 in 0..K-1, the classes numbered in the order of their targets.
        src_files: the recording each clip was cut from; all clips of one are in the same fold.
        class_names: name of each class, by label.
        class_categories: one of `CATEGORIES`, or "Other", by label.
    """

    root: Path
    filenames: tuple[str, ...]
    folds: np.ndarray
    labels: np.ndarray
    src_files: tuple[str, ...]
    class_names: tuple[str, ...]
    class_categories: tuple[str, ...]

    @property
    def paths(self) -> list[Path]:
        """The file of each clip."""
        return [self.root / "audio" / name for name in self.filenames]

    @property
    def fold_numbers(self) -> list[int]:
        """The folds there are, in ascending order."""
        return sorted(set(self.folds.tolist()))

    def split(self, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the clips to train on and of the clips to test on: two int64 arrays, both ascending.

        Raises:
            EscGpuError: if there is no such fold.
        """
        if fold not in self.fold_numbers:
            raise EscGpuError(f"fold {fold} does not exist; expected one of {_listed(self.fold_numbers)}")
        return np.flatnonzero(self.folds != fold), np.flatnonzero(self.folds == fold)


def read_esc50(root: str | Path, subset: Subset = "all") -> Recordings:
    """Read and check `root/meta/esc50.csv`; the clips lie in `root/audio`, in any format libsndfile reads.

    `subset` "esc10" keeps the clips whose column `esc10` is True.

    Raises:
        EscGpuError: for a missing folder, csv or clip, a malformed csv, and for folds that cannot be used:
            fewer than two, a class in one fold only, or a recording with clips in several folds.
    """
    if subset not in get_args(Subset):
        raise EscGpuError(f"data.subset {subset!r} is unknown; expected one of {_listed(get_args(Subset))}")
    root = Path(root).expanduser()
    if not root.is_dir():
        raise EscGpuError(f"{root}: no such folder; expected ESC-50, with its meta and audio; correct data.root")
    table = root / "meta" / "esc50.csv"
    rows = _read_rows(table)
    _check_unique_filenames(table, rows)
    if subset == "esc10":
        rows = [row for row in rows if row.esc10]
        if not rows:
            raise EscGpuError(f"{table}: no row has esc10 True; expected some; set data.subset to all")
    _check_one(table, rows, "category", "target", "the name of the class")
    _check_one(table, rows, "target", "category", "or reports could not tell two classes apart")
    _check_one(table, rows, "fold", "src_file", "or a clip is tested on a recording it was trained on")
    _check_folds(table, rows)
    _check_clips_exist(root / "audio", rows)

    names = {row.target: row.category for row in rows}
    targets = sorted(names)
    label_of = {target: label for label, target in enumerate(targets)}
    return Recordings(
        root=root,
        filenames=tuple(row.filename for row in rows),
        folds=np.array([row.fold for row in rows], dtype=np.int64),
        labels=np.array([label_of[row.target] for row in rows], dtype=np.int64),
        src_files=tuple(row.src_file for row in rows),
        class_names=tuple(names[target] for target in targets),
        class_categories=tuple(CATEGORIES[t // 10] if 0 <= t < 50 else "Other" for t in targets),
    )


class _Row(NamedTuple):
    number: int  # line of the csv, the header being 1
    filename: str
    fold: int
    target: int
    category: str
    esc10: bool
    src_file: str


def _read_rows(table: Path) -> list[_Row]:
    try:
        with open(table, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            _check_columns(table, reader.fieldnames or [])
            rows = [_parse(table, reader.line_num, fields) for fields in reader]
    except FileNotFoundError as error:
        raise EscGpuError(
            f"{table}: no such file; expected the csv of ESC-50; point data.root to the folder above meta"
        ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EscGpuError(f"{table}: {error}; expected a csv file in UTF-8; replace it") from error
    if not rows:
        raise EscGpuError(f"{table}: no rows; expected one for each clip; replace the file")
    return rows


def _check_columns(table: Path, found: Iterable[str]) -> None:
    missing = [column for column in COLUMNS if column not in found]
    if missing:
        raise EscGpuError(
            f"{table}: columns {_listed(missing)} are missing; expected {_listed(COLUMNS)}, "
            f"found {_listed(map(repr, found)) or 'none'}; add them to the first row"
        )


def _parse(table: Path, number: int, fields: dict) -> _Row:
    where = f"{table}, row {number}"
    for column in COLUMNS:
        if not fields[column]:  # None in a row that is too short
            raise EscGpuError(f"{where}: {column} is empty; expected {len(COLUMNS)} fields; fill it in")
    filename = fields["filename"]
    if any(part in filename for part in ("/", "\\", "..")) or not filename.isprintable():
        raise EscGpuError(
            f"{where}: filename {filename!r} has a slash, a double dot or a control character; expected the "
            "name of a file in the folder audio; correct it"
        )
    if fields["esc10"].lower() not in ("true", "false"):
        raise EscGpuError(f"{where}: esc10 is {fields['esc10']!r}; expected True or False; correct it")
    return _Row(
        number=number,
        filename=filename,
        fold=_integer(where, "fold", fields),
        target=_integer(where, "target", fields),
        category=fields["category"],
        esc10=fields["esc10"].lower() == "true",
        src_file=fields["src_file"],
    )


def _integer(where: str, column: str, fields: dict) -> int:
    try:
        value = int(fields[column])
    except ValueError:
        value = None
    if value is None or not INT64.min <= value <= INT64.max:
        raise EscGpuError(f"{where}: {column} is {fields[column]!r}; expected an integer; correct it")
    return value


def _check_unique_filenames(table: Path, rows: list[_Row]) -> None:
    first = {}
    for row in rows:
        if row.filename in first:
            raise EscGpuError(
                f"{table}, row {row.number}: filename {row.filename!r} is already in row "
                f"{first[row.filename]}; expected each clip once; remove one of the rows"
            )
        first[row.filename] = row.number


def _check_one(table: Path, rows: list[_Row], value: str, key: str, reason: str) -> None:
    """Each `key` has the same `value` wherever it stands."""
    first = {}
    for row in rows:
        name, here = getattr(row, key), getattr(row, value)
        above = first.setdefault(name, here)
        if here != above:
            raise EscGpuError(
                f"{table}, row {row.number}: {value} of {key} {name!r} is {here!r}, above it was {above!r}; "
                f"expected one {value} for each {key}, {reason}; correct one of the rows"
            )


def _check_folds(table: Path, rows: list[_Row]) -> None:
    folds_of_class = defaultdict(set)
    for row in rows:
        folds_of_class[row.category].add(row.fold)
    if len({row.fold for row in rows}) < 2:
        raise EscGpuError(
            f"{table}: every clip is in fold {rows[0].fold}; expected two folds or more, to train on one and "
            "test on another; correct the column fold"
        )
    for name, folds in folds_of_class.items():
        if len(folds) < 2:
            raise EscGpuError(
                f"{table}: category {name!r} is in fold {min(folds)} only; expected two folds or more, to "
                "train on one and test on another; correct the column fold or remove the class"
            )


def _check_clips_exist(folder: Path, rows: list[_Row]) -> None:
    missing = [row.filename for row in rows if not (folder / row.filename).is_file()]
    if missing:
        raise EscGpuError(
            f"{folder / missing[0]}: no such clip ({len(missing)} of {len(rows)} are missing); expected "
            "every filename of the csv; put the files there or remove their rows"
        )


def _listed(items: Iterable) -> str:
    return ", ".join(map(str, items))
