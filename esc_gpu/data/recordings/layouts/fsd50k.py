"""The layout of FSD50K: a csv of the development set and one of the evaluation set (Fonseca et al., TASLP 2022)."""

import os
from pathlib import Path

from esc_gpu.core.folds import TEST
from esc_gpu.core.task import SINGLE_LABEL
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.csv_rows import Fields, check_filled, fold, name, read_rows
from esc_gpu.data.recordings.from_rows import Row, recordings_from_rows
from esc_gpu.data.recordings.layouts.base import Reading
from esc_gpu.data.recordings.table import relative_path
from esc_gpu.errors import EscGpuError

TRUTH = "FSD50K.ground_truth"
NAME, SIGN = "fsd50k", f"{TRUTH}/dev.csv"
MISSING = "expected the ground truth of FSD50K; point data.root to the folder above it"
SEVERAL = ","  # between the labels of a recording


def is_here(root: Path) -> bool:
    """Whether the folder has the ground truth of FSD50K."""
    return os.path.isfile(root / SIGN)


def read(root: Path, reading: Reading) -> Recordings:
    """Its recordings, each a source of its own: the split val is validation, the evaluation set is test.

    Raises:
        EscGpuError: for recordings of several labels where a single one is asked for, and as `read_rows` and
            `recordings_from_rows`.
    """
    rows = read_labels(root)
    several = next((row for row in rows if SEVERAL in row.label), None)
    if several and reading.task == SINGLE_LABEL:
        raise EscGpuError(
            f"{root / several.path}: has several labels, {several.label}; expected one label for each recording, "
            "because data.task is single_label; remove that option"
        )
    return recordings_from_rows(root / TRUTH, root, rows, layout=NAME, task=reading.task)


def read_labels(root: Path) -> list[Row]:
    """The rows of both tables, with all labels of a recording as they stand there: between commas."""

    def parse(where: str, number: int, fields: Fields) -> Row:
        is_dev = "split" in fields
        check_filled(where, fields, ("fname", "labels", "split") if is_dev else ("fname", "labels"))
        part = "dev" if is_dev else "eval"
        path = relative_path(where, f"FSD50K.{part}_audio/{fields['fname']}.wav")
        split = fold(where, {"fold": fields["split"]}) if is_dev else TEST
        return Row(number, path, name(where, "labels", fields), split, name(where, "fname", fields))

    dev = read_rows(root / TRUTH / "dev.csv", ("fname", "labels", "split"), parse, MISSING)
    return dev + read_rows(root / TRUTH / "eval.csv", ("fname", "labels"), parse, MISSING)
