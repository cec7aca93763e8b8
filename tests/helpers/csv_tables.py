"""Tables of comma-separated values, row by row."""

import csv
from pathlib import Path


def read_csv(file: Path) -> list[dict[str, str]]:
    with open(file, newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def predictions(run: Path) -> list[dict[str, str]]:
    """What a run, or a fold of it, says of its test recordings."""
    return read_csv(run / "predictions.csv")
