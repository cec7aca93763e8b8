"""Recordings of a data set: their files, classes and folds, and the checks that every layout needs."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from esc_gpu.core.folds import SPLITS, TEST, TRAIN, VALIDATION, Fold, the_fold
from esc_gpu.core.names import check_names, composed, look_of
from esc_gpu.core.task import MULTI_LABEL, task_of
from esc_gpu.errors import EscGpuError


@dataclass(frozen=True, eq=False)
class Recordings:
    """The recordings of one data set, in the order of its csv.

    Attributes:
        root: the folder of the data set.
        audio: the folder that the file names are relative to.
        filenames: path of each recording inside `audio`, with forward slashes.
        folds: (recordings,) the fold of each: int64, or "train", "validation" or "test".
        labels: (recordings,) int64 in 0..K-1; of several labels a recording (recordings, K) bool.
        src_files: the source each recording was cut from; all recordings of one are in the same fold.
        class_names: name of each class, by label.
        class_categories: group of each class, by label; "Other" where there are none.
        on_disk: by the names in `filenames`, those of the files that the disk calls otherwise, in another form of
            Unicode.
        layout: name of the layout that they were read by.
        notes: sentences about what was found, for the user.
        folds_made: whether the folds were drawn here, and may be others elsewhere.

    Raises:
        EscGpuError: for names of classes that hold what cannot be seen, or look alike.
    """

    root: Path
    audio: Path
    filenames: tuple[str, ...]
    folds: np.ndarray
    labels: np.ndarray
    src_files: tuple[str, ...]
    class_names: tuple[str, ...]
    class_categories: tuple[str, ...]
    on_disk: Mapping[str, str] = field(default_factory=dict)
    layout: str = "table"
    notes: tuple[str, ...] = ()
    folds_made: bool = False

    def __post_init__(self) -> None:
        """Whatever a layout has checked: what is trained on these names can be saved and loaded."""
        check_names(self.class_names)

    @property
    def paths(self) -> list[Path]:
        """The file of each recording."""
        return [self.audio / self.on_disk.get(name, name) for name in self.filenames]

    @property
    def task(self) -> str:
        """That of the labels: "single_label" or "multi_label"."""
        return task_of(self.labels)

    def of_class(self, label: int) -> np.ndarray:
        """(recordings,) bool: those that have this label."""
        return self.labels[:, label] if self.task == MULTI_LABEL else self.labels == label

    @property
    def digest(self) -> str:
        """Hash of the rows, wherever the files are."""
        several = self.task == MULTI_LABEL
        labels = [np.flatnonzero(row).tolist() for row in self.labels] if several else self.labels.tolist()
        rows = self.filenames, self.folds.tolist(), labels, self.src_files, self.class_names
        return hashlib.blake2b(repr(rows).encode(), digest_size=16).hexdigest()

    @property
    def fold_numbers(self) -> list[Fold]:
        """The folds there are, in ascending order; splits in the order train, validation, test."""
        folds = set(self.folds.tolist())
        return [split for split in SPLITS if split in folds] if self.has_splits else sorted(folds)

    @property
    def has_splits(self) -> bool:
        """Whether the folds are the splits train, validation and test, and no numbers."""
        return self.folds.dtype.kind == "U"

    def test_folds(self, validate: bool = False) -> list[Fold]:
        """The folds that can be tested on: each one with a number; of splits, test, or validation with `validate`.

        Raises:
            EscGpuError: if there is no such split.
        """
        numbers, wanted = self.fold_numbers, VALIDATION if validate else TEST
        if not self.has_splits:
            return numbers
        if wanted not in numbers:
            remedy = "remove validate" if validate else "evaluate on the validation split with --validate true"
            raise EscGpuError(
                f"the splits are {listed(numbers)}; expected {wanted} among them; {remedy}, or add recordings of that "
                "split"
            )
        return [wanted]

    def split(self, fold: Fold, validate: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the recordings to train on and of those to test on: two int64 arrays, both ascending.

        With `validate` the fold is one of those that are trained on when the next one (after the last, the first) is
        tested on: that test fold is in neither part, so what is chosen by the result has not seen it. Where there are
        splits, the split train is trained on, whatever is evaluated.

        Raises:
            EscGpuError: if there is no such fold, if there are too few folds to leave one out, or if recordings of one
                source are in two of the parts.
        """
        numbers = self.fold_numbers
        if fold not in numbers or fold == TRAIN:
            expected = [number for number in numbers if number != TRAIN]
            raise EscGpuError(f"{the_fold(fold)} does not exist; expected one of {listed(expected)}")
        left_out = self.left_out(fold, validate)
        train, test = np.flatnonzero(~np.isin(self.folds, [fold, *left_out])), np.flatnonzero(self.folds == fold)
        self._check_apart(train, test, np.flatnonzero(np.isin(self.folds, left_out)))
        return train, test

    def left_out(self, fold: Fold, validate: bool) -> list[Fold]:
        """The folds that are neither trained on nor evaluated with this one; raises what `split` does."""
        numbers = self.fold_numbers
        if self.has_splits:
            return [number for number in numbers if number not in (TRAIN, fold)]
        if not validate:
            return []
        if len(numbers) < 3:
            raise EscGpuError(
                f"validate leaves a test fold out, but there are only {len(numbers)} folds; expected 3 or more"
            )
        return [numbers[(numbers.index(fold) + 1) % len(numbers)]]

    def check_classes(self, fold: Fold, validate: bool, skipped: Collection[int] = ()) -> None:
        """Refuse a fold that has, without the recordings `skipped`, none of a class to train on: validation may take
        away the last.

        Raises:
            EscGpuError: which class that is.
        """
        train = np.setdiff1d(self.split(fold, validate)[0], list(skipped))
        missing = [label for label in range(len(self.class_names)) if not self.of_class(label)[train].any()]
        if len(missing):
            name, left = self.class_names[missing[0]], " that can be decoded" if skipped else ""
            if self.has_splits:
                raise EscGpuError(
                    f"class {name!r} has no recording{left} in the train split; expected one or more; put some there"
                )
            raise EscGpuError(
                f"class {name!r} has no recording{left} to train on when fold {fold} is used for validation and the "
                "next fold is left out; expected one or more; leave the fold out of --folds, or put recordings of the "
                "class into others"
            )

    def _check_apart(self, *parts: np.ndarray) -> None:
        """Whatever a layout has checked: no source has recordings in two of the parts."""
        first: dict[str, tuple[int, int]] = {}
        for part, positions in enumerate(parts):
            for position in positions.tolist():
                source = self.src_files[position]
                part_before, other = first.setdefault(source, (part, position))
                if part_before != part:
                    raise EscGpuError(
                        f"{self.filenames[other]} and {self.filenames[position]} have the same source, {source!r}, but "
                        f"are in folds {self.folds[other]} and {self.folds[position]}; expected all of a source in one "
                        "fold, so that no clip is tested on a recording that was used for training; correct the folds"
                    )


class Row(Protocol):
    """A row of a csv, its columns being attributes."""

    @property
    def number(self) -> int: ...  # line of the csv, the header being 1; 0 where folders have said it all
    @property
    def fold(self) -> Fold: ...


def place_of(table: Path, row: Row) -> str:
    """Where a row stands, for an error: in a csv, or in the folder of the data set."""
    return f"{table}, row {row.number}" if row.number else str(table)


def check_unique(table: Path, rows: Sequence[Row], column: str) -> None:
    """No file stands in two rows, by whatever form of Unicode."""
    first: dict[str, int] = {}
    for row in rows:
        name = composed(getattr(row, column))
        if name in first:
            before = f"in row {first[name]}" if row.number else "there in another form of Unicode"
            raise EscGpuError(
                f"{place_of(table, row)}: {column} {name!r} is already {before}; expected each clip once; remove one "
                "of the rows"
            )
        first[name] = row.number


def check_one(table: Path, rows: Sequence[Row], value: str, key: str, reason: str) -> None:
    """Each `key` has the same `value` wherever it stands."""
    first: dict[object, object] = {}
    for row in rows:
        name, here = getattr(row, key), getattr(row, value)
        above = first.setdefault(name, here)
        if here != above:
            raise EscGpuError(
                f"{place_of(table, row)}: {value} of {key} {name!r} is {here!r}, above it was {above!r}; "
                f"expected one {value} for each {key}, {reason}; correct one of the rows"
            )


def check_looks(table: Path, rows: Sequence[Row], column: str) -> None:
    """No two names of the column look alike, which would be two classes, or two sources, that nobody tells apart."""
    first: dict[str, tuple[str, int]] = {}
    for row in rows:
        name = getattr(row, column)
        other, number = first.setdefault(look_of(name), (name, row.number))
        if name != other:
            raise EscGpuError(
                f"{place_of(table, row)}: {column} {name!r} looks like {other!r}{f' of row {number}' * bool(number)}; "
                "expected one spelling, or names that can be told apart; correct one of the rows"
            )


def check_one_fold(table: Path, rows: Sequence[Row], source: str) -> None:
    """The clips of one source recording are in one fold."""
    check_one(table, rows, "fold", source, "or a clip is tested on a recording it was trained on")


def check_folds(table: Path, rows: Sequence[Row], column: str) -> None:
    """There are two classes of the column or more, two folds or more, and each class is in two folds or more."""
    folds_of_class = defaultdict(set)
    correct = "correct the column fold" if rows[0].number else "put some of its recordings into another folder"
    for row in rows:
        folds_of_class[getattr(row, column)].add(row.fold)
    if len({row.fold for row in rows}) < 2:
        raise EscGpuError(
            f"{table}: every clip is in {the_fold(rows[0].fold)}; expected two folds or more, to train on one and "
            f"test on another; {correct}"
        )
    if len(folds_of_class) < 2:
        raise EscGpuError(
            f"{table}: every clip has {column} {next(iter(folds_of_class))!r}; expected two classes or more; add others"
        )
    for name, folds in folds_of_class.items():
        if len(folds) < 2:
            raise EscGpuError(
                f"{table}: {column} {name!r} is in {the_fold(*folds)} only; expected two folds or more, to "
                f"train on one and test on another; {correct}, or remove the class"
            )
        if isinstance(rows[0].fold, str) and TRAIN not in folds:
            raise EscGpuError(
                f"{table}: {column} {name!r} is not in the train split; expected every class there; {correct}, "
                "or remove the class"
            )


def listed(items: Iterable[object]) -> str:
    """The items with commas between them."""
    return ", ".join(map(str, items))
