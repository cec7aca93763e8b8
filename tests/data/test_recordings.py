"""The split of a fold, for testing and for validation."""

import numpy as np
import pytest

from esc_gpu.data.recordings import Recordings
from esc_gpu.errors import EscGpuError

FOLDS = np.array([1, 3, 2, 1, 2, 3])


def recordings(folds=FOLDS):
    names = tuple(f"{number}.wav" for number in range(len(folds)))
    return Recordings(None, None, names, folds, np.zeros(len(folds), np.int64), names, ("dog",), ("Animals",))


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
