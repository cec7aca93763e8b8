"""Evaluation mode: for a while, or with a check that every part is in it."""

import pytest
from torch import nn

from esc_gpu import EscGpuError
from esc_gpu.model.modes import evaluating, to_evaluation


class AlwaysTraining(nn.Dropout):
    """A part that does not heed its mode."""

    def train(self, mode=True):
        self.training = True
        return self


def mixed():
    """A model in training mode with a frozen part."""
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Sequential(nn.Dropout(), nn.Linear(3, 2)))
    model.train()[0].eval()
    return model


def modes(model):
    return [part.training for part in model.modules()]


def test_inside_all_parts_are_in_evaluation_mode_and_afterwards_as_they_were():
    model = mixed()
    before = modes(model)
    with evaluating(model):
        assert modes(model) == [False] * 5
    assert modes(model) == before == [True, False, True, True, True]


def test_a_failure_inside_leaves_them_as_they_were_too():
    model = mixed()
    before = modes(model)
    with pytest.raises(KeyError), evaluating(model):
        raise KeyError
    assert modes(model) == before


def test_all_parts_are_put_into_evaluation_mode():
    model = mixed()
    to_evaluation(model)
    assert modes(model) == [False] * 5


@pytest.mark.parametrize(
    ("model", "part"), [(nn.Sequential(nn.Identity(), AlwaysTraining()), "1"), (AlwaysTraining(), "AlwaysTraining")]
)
def test_a_part_that_stays_in_training_mode_is_named(model, part):
    with pytest.raises(EscGpuError, match=f"the model's part '{part}' stays in training mode") as error:
        to_evaluation(model)
    assert "\n" not in str(error.value)
