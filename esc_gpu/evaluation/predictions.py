"""The table `predictions.csv`: a row for each test clip, with the probability of every class."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from esc_gpu.core.files import write_text
from esc_gpu.core.folds import fold_dtype, parse_fold
from esc_gpu.core.task import SINGLE_LABEL, THRESHOLD, label_text, labels_of

COLUMNS = ("filename", "fold", "category", "prediction", "probability")  # before the classes, which may be named so


class Predictions(NamedTuple):
    """The rows of the table.

    Attributes:
        filenames: of the recordings.
        folds: `(n,)` int64, the test fold of each, or text of splits.
        labels: `(n,)` int64 in 0..K-1, or of several labels a clip `(n, K)` bool.
        probabilities: `(n, K)` float64.
    """

    filenames: tuple[str, ...]
    folds: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray


def write_predictions(file: Path, predictions: Predictions, class_names: Sequence[str]) -> None:
    """Write the table, its probabilities with six decimals.

    Of several labels a clip, `category` has all of them with bars between, and `prediction` all classes, or none, whose
    probability is 0.5 or more. `probability` is that of the likeliest class.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*COLUMNS, *class_names])
    for filename, fold, label, probabilities in zip(*predictions, strict=True):
        likeliest = int(probabilities.argmax())
        shown = [f"{probability:.6f}" for probability in probabilities.tolist()]
        said = class_names[likeliest] if label.ndim == 0 else label_text(probabilities >= THRESHOLD, class_names)
        writer.writerow([filename, fold, label_text(label, class_names), said, shown[likeliest], *shown])
    write_text(file, table.getvalue())


def join_predictions(file: Path, parts: Iterable[Path]) -> None:
    """Write the tables of several folds as one."""
    tables = [part.read_bytes().decode().rstrip("\n").split("\n") for part in parts]
    lines = [tables[0][0], *(line for table in tables for line in table[1:])]
    write_text(file, "\n".join(lines) + "\n")


def read_predictions(file: Path, class_names: Sequence[str], task: str = SINGLE_LABEL) -> Predictions:
    """Read the table of a run of this task.

    Raises:
        OSError: for a file that cannot be read.
        ValueError, KeyError, IndexError, OverflowError, csv.Error: for a table of other classes, or one that is broken.
    """
    header, *rows = csv.reader(io.StringIO(file.read_bytes().decode()))
    if header != [*COLUMNS, *class_names]:
        raise ValueError("other columns")
    if len({row[0] for row in rows}) < len(rows):
        raise ValueError("a clip is there twice")
    values = [[float(value) for value in row[len(COLUMNS) :]] for row in rows]
    probabilities = np.array(values).reshape(len(rows), len(class_names))
    if not np.isfinite(probabilities).all():
        raise ValueError("a probability is no number")
    if ((probabilities < 0) | (probabilities > 1)).any():
        raise ValueError("a probability is not from 0 to 1")
    folds = [parse_fold(row[1]) for row in rows]
    if len(set(map(type, folds))) > 1:
        raise ValueError("some folds are numbers and others are splits")
    return Predictions(
        tuple(row[0] for row in rows),
        np.array(folds, dtype=fold_dtype(folds)),
        labels_of([row[2] for row in rows], class_names, task),
        probabilities,
    )
