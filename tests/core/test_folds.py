"""The names of splits, and how a fold is called."""

import pytest

from esc_gpu.core.folds import fold_seed, fold_title, parse_fold, splits_of, the_fold
from tests.helpers.one_line import refusal


def test_a_development_set_is_trained_on_unless_there_is_a_training_set():
    assert splits_of({"dev", "eval"}) == {"dev": "train", "eval": "test"}
    assert splits_of({"train", "Dev", "test"}) == {"train": "train", "Dev": "validation", "test": "test"}
    assert "'dev' and 'val' both mean the split validation" in refusal(splits_of, {"train", "dev", "val"})
    assert "'hidden' is no split; expected train, " in refusal(splits_of, {"train", "hidden"})


def test_folds_are_called_by_number_or_name():
    assert (fold_title(3), the_fold(3), fold_title("test"), the_fold("test")) == (
        *("fold 3", "fold 3"),
        *("test split", "the test split"),
    )
    assert (parse_fold("3"), parse_fold("test")) == (3, "test")
    with pytest.raises(ValueError, match="val"):
        parse_fold("val")


def test_test_and_validation_are_two_looks_at_one_training():
    assert fold_seed(3) == 3 and fold_seed("test") == fold_seed("validation")
