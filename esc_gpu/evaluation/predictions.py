"""The table `predictions.csv`: a row for each test clip, with the probability of every class."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from esc_gpu.core.files import write_text
from esc_gpu.core.folds import fold_dtype, parse_fold

COLUMNS = ("filename", "fold", "category", "prediction", "probability")  # before the classes, which may be named so


class Predictions(NamedTuple):
    """The rows of the table.

    Attributes:
        filenames: of the recordings.
        folds: `(n,)` int64, the test fold of each, or text of splits.
        labels: `(n,)` int64 in 0..K-1.
        probabilities: `(n, K)` float64.
    """

    filenames: tuple[str, ...]
    folds: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray


def write_predictions(file: Path, predictions: Predictions, class_names: Sequence[str]) -> None:
    """Write the table, its probabilities with six decimals."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*COLUMNS, *class_names])
    for filename, fold, label, probabilities in zip(*predictions, strict=True):
        likeliest = int(probabilities.argmax())
        shown = [f"{probability:.6f}" for probability in probabilities.tolist()]
        writer.writerow([filename, fold, class_names[label], class_names[likeliest], shown[likeliest], *shown])
    write_text(file, table.getvalue())


def join_predictions(file: Path, parts: Iterable[Path]) -> None:
    """Write the tables of several folds as one."""
    tables = [part.read_text(encoding="utf-8").rstrip("\n").split("\n") for part in parts]
    lines = [tables[0][0], *(line for table in tables for line in table[1:])]
    write_text(file, "\n".join(lines) + "\n")


def read_predictions(file: Path, class_names: Sequence[str]) -> Predictions:
    """Read the table.

    Raises:
        OSError: for a file that cannot be read.
        ValueError, KeyError, IndexError, OverflowError, csv.Error: for a table of other classes, or one that is broken.
    """
    with open(file, encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    if header != [*COLUMNS, *class_names]:
        raise ValueError("other columns")
    if len({row[0] for row in rows}) < len(rows):
        raise ValueError("a clip is there twice")
    label_of = {name: label for label, name in enumerate(class_names)}
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
        np.array([label_of[row[2]] for row in rows], dtype=np.int64),
        probabilities,
    )
