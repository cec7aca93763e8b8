"""Several labels a recording: which rows of a csv have them, and the labels as an array."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL, label_separator
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.errors import EscGpuError

AUTO = "auto"


class LabelRow(Protocol):
    """A row of a csv with a text that names its label, or several."""

    @property
    def number(self) -> int: ...
    @property
    def label(self) -> str: ...
    def _replace(self, *, label: str) -> Self: ...


Row = TypeVar("Row", bound=LabelRow)


@dataclasses.dataclass(frozen=True)
class Divided(Generic[Row]):
    """The rows of a csv with one row for each label, and the row in the csv that each is of."""

    task: str
    rows: list[Row]
    recordings: list[int]

    def labels(self, class_names: Sequence[str]) -> np.ndarray:
        """`(recordings,)` int64, or of several labels `(recordings, K)` bool."""
        label_of = {name: label for label, name in enumerate(class_names)}
        columns = [label_of[row.label] for row in self.rows]
        if self.task == SINGLE_LABEL:
            return np.array(columns, dtype=np.int64)
        labels = np.zeros((self.recordings[-1] + 1, len(class_names)), dtype=bool)
        labels[self.recordings, columns] = True
        return labels


def divide(table: Path, rows: Sequence[Row], task: str = AUTO) -> Divided[Row]:
    """Divide the labels of each row where it has several.

    Args:
        table: the csv, for errors.
        rows: of it.
        task: "single_label" takes each text as one class; "multi_label", and "auto" where any text has a bar or a comma
            without a space behind it, divide the texts there: at bars if there are any, else at such commas.

    Raises:
        EscGpuError: for a label that is blank.
    """
    separator = None if task == SINGLE_LABEL else label_separator(row.label for row in rows)
    if separator is None:
        return Divided(MULTI_LABEL if task == MULTI_LABEL else SINGLE_LABEL, list(rows), list(range(len(rows))))
    divided, recordings = [], []
    for position, row in enumerate(rows):
        names = dict.fromkeys(part.strip() for part in separator.split(row.label))
        if "" in names:
            raise EscGpuError(
                f"{table}, row {row.number}: one of the labels in {row.label!r} is blank; expected a name between two "
                "separators; correct it, or set data.task to single_label if this is one class"
            )
        divided += [row._replace(label=name) for name in names]
        recordings += [position] * len(names)
    return Divided(MULTI_LABEL, divided, recordings)


def as_several(recordings: Recordings) -> Recordings:
    """The same with the one label of each recording as the only one of several that it could have."""
    return dataclasses.replace(recordings, labels=recordings.labels[:, None] == np.arange(len(recordings.class_names)))


def describe_labels(recordings: Recordings) -> str:
    """How many labels the recordings have, for a recording may have several."""
    counts = recordings.labels.sum(axis=1)
    return (
        f"The task is multi_label: {(counts > 1).sum():,} of {len(counts):,} clips have several labels, "
        f"{counts.mean():.2f} on average. Each class is detected on its own. With data.task single_label, each text in "
        "the column label is one class."
    )
