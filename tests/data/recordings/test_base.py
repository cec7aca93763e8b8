"""The split of a fold, for testing and for validation."""

import numpy as np
import pytest

from esc_gpu.data.recordings.base import Recordings
from esc_gpu.errors import EscGpuError
from tests.helpers.known_recordings import FOLDS, recordings


def test_the_test_fold_is_tested_on_and_all_others_are_trained_on():
    train, test = recordings().split(2)
    assert train.tolist() == [0, 1, 3, 5] and test.tolist() == [2, 4]


@pytest.mark.parametrize(("fold", "left_out"), [(1, 2), (2, 3), (3, 1)])
def test_validation_leaves_the_next_fold_out(fold, left_out):
    train, validation = recordings().split(fold, validate=True)
    assert set(FOLDS[validation]) == {fold}
    assert set(FOLDS[train]) == {1, 2, 3} - {fold, left_out}


def test_each_fold_is_validated_on_once_and_left_out_once():
    held = [set(FOLDS) - set(FOLDS[recordings().split(fold, validate=True)[0]]) for fold in (1, 2, 3)]
    assert sorted(sorted(pair) for pair in held) == [[1, 2], [1, 3], [2, 3]]


def test_mistakes():
    with pytest.raises(EscGpuError, match="fold 4 does not exist; expected one of 1, 2, 3"):
        recordings().split(4, validate=True)
    with pytest.raises(EscGpuError, match="validate leaves a test fold out.*only 2 folds"):
        recordings(np.array([1, 2])).split(1, validate=True)


def test_names_that_could_not_be_saved_are_refused_whatever_the_layout():
    rows = (None, None, ("0.wav",), np.array([1]), np.array([0]), ("0.wav",))
    for names in (("dog\u200b", "cat"), ("dog", "dog"), ("vögel", "vo\u0308gel")):
        with pytest.raises(EscGpuError, match="class name"):
            Recordings(*rows, names, ("Other", "Other"))


def two_classes(dog, rain):
    """Recordings of two classes in these folds."""
    folds, labels = np.array([*dog, *rain]), np.repeat([0, 1], [len(dog), len(rain)])
    names = tuple(f"{number}.wav" for number in range(len(folds)))
    return Recordings(None, None, names, folds, labels, names, ("dog", "rain"), ("Animals", "Natural"))


def test_validation_that_leaves_none_of_a_class_to_train_on_is_refused():
    known = two_classes(dog=(1, 2, 3), rain=(1, 2))
    for fold, validate in ((1, False), (2, False), (3, False), (2, True), (3, True)):
        known.check_classes(fold, validate)
    with pytest.raises(
        EscGpuError, match="^class 'rain' has no recording to train on when fold 1 is .*--folds"
    ) as refused:
        known.check_classes(1, True)
    assert "\n" not in str(refused.value)
    known = two_classes(dog=(1, 2, 3), rain=(1, 2, 3))
    known.check_classes(1, True)
    with pytest.raises(EscGpuError, match="^class 'rain' has no recording that can be decoded to train on when fold 1"):
        known.check_classes(1, True, {5: "the file is empty"})


@pytest.mark.parametrize(("fold", "validate"), [(1, False), (2, False), (1, True), (2, True), (3, True)])
def test_one_source_in_two_parts_is_refused_whatever_made_the_recordings(fold, validate):
    """With validation also where the other part is the one that is left out, which must stay unseen."""
    sources = ("tape", "b", "tape", "c", "d", "e")  # in folds 1 and 2
    with pytest.raises(EscGpuError) as refused:
        recordings(sources=sources).split(fold, validate)
    line = str(refused.value)
    assert "0.wav" in line and "2.wav" in line and "the same source, 'tape'" in line and "folds" in line
    assert "\n" not in line


def test_one_source_in_one_part_is_not():
    recordings(sources=("tape", "b", "tape", "c", "d", "e")).split(3)  # both are trained on
    recordings(sources=("tape", "b", "c", "tape", "d", "e")).split(1, True)


# Splits

SPLITS = np.array(["test", "train", "validation", "train", "test"])


def test_what_is_evaluated_of_splits_is_test_or_validation():
    known = recordings(SPLITS)
    assert known.fold_numbers == ["train", "validation", "test"]
    assert known.test_folds() == ["test"] and known.test_folds(validate=True) == ["validation"]
    assert [part.tolist() for part in known.split("test")] == [[1, 3], [0, 4]]
    assert [part.tolist() for part in known.split("validation", True)] == [[1, 3], [2]]


def test_mistakes_with_splits():
    for fold in ("train", 1):
        with pytest.raises(EscGpuError, match="does not exist; expected one of validation, test"):
            recordings(SPLITS).split(fold)
    with pytest.raises(
        EscGpuError, match="the splits are train, test; expected validation among them; remove validate"
    ):
        recordings(SPLITS[[0, 1]]).test_folds(validate=True)
    with pytest.raises(EscGpuError, match="the splits are train, validation; expected test .* --validate true"):
        recordings(SPLITS[[1, 2]]).test_folds()
    with pytest.raises(EscGpuError, match="^class 'dog' has no recording that can be decoded in the train split"):
        recordings(SPLITS).check_classes("test", False, {1: "empty", 3: "empty"})
    with pytest.raises(EscGpuError, match="the same source, 'tape'"):  # in what is left out, too
        recordings(SPLITS, ("a", "tape", "tape", "b", "c")).split("test")
