"""Tables of comma-separated values, row by row."""

import csv
from pathlib import Path


def read_csv(file: Path) -> list[dict[str, str]]:
    with open(file, newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def predictions(run: Path) -> list[dict[str, str]]:
    """What a run, or a fold of it, says of its test recordings."""
    return read_csv(run / "predictions.csv")


def assert_close(run: Path, other: Path, tolerance: float) -> None:
    """The same recordings and predictions in both, and probabilities that differ by less than `tolerance`."""
    for row, expected in zip(predictions(run), predictions(other), strict=True):
        numbers = list(expected)[4:]  # after filename, fold, category and prediction
        assert numbers and list(row.items())[:4] == list(expected.items())[:4]
        assert all(abs(float(row[name]) - float(expected[name])) < tolerance for name in numbers)
