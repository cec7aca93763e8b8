"""Rows whose folds are splits."""

from pathlib import Path

import pytest

from esc_gpu.data.recordings.from_rows import Row, recordings_from_rows
from tests.helpers.one_line import refusal

TABLE = Path("list.csv")


def read(folder, folds):
    """Recordings of a dog, a cat, a cat and a dog, with these folds."""
    rows = [
        Row(number, f"{number}.wav", label, fold, f"{number}.wav")
        for number, (label, fold) in enumerate(zip(("dog", "cat", "cat", "dog"), folds, strict=True), 2)
    ]
    for row in rows:
        (folder / row.path).touch()
    return recordings_from_rows(TABLE, folder, rows)


def test_splits_go_by_any_of_their_names(tmp_path):
    data = read(tmp_path, ("Train", "eval", "Train", "eval"))
    assert data.folds.tolist() == ["train", "test", "train", "test"] and data.test_folds() == ["test"]


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        (
            ("train", "test", "train", 1),
            "list.csv, row 5: fold is 1, but other rows have 'test'; expected numbers only",
        ),
        (("train", "test", "train", "eval"), "list.csv: 'eval' and 'test' both mean the split test; expected one"),
        (("train", "train", "train", "test"), "list.csv: label 'cat' is in the train split only"),
        (("val", "test", "val", "test"), "list.csv: label 'dog' is not in the train split; expected every class there"),
        (("dev", "dev", "dev", "dev"), "list.csv: every clip is in the train split; expected two folds or more"),
    ],
)
def test_splits_that_cannot_be_used(tmp_path, folds, message):
    assert message in refusal(read, tmp_path, folds)
