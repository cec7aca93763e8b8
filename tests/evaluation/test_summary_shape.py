"""What a training's files must hold, whoever wrote them."""

import math

import pytest

from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.summary_shape import EPOCH, check_shape, short


@pytest.mark.parametrize("loss", [1, 0.5, math.nan, math.inf, -math.inf])
def test_a_loss_may_be_no_number(loss):
    check_shape([{"epoch": 1, "loss": loss}], [EPOCH], "curves")


@pytest.mark.parametrize("loss", ["0.5", True, None, [0.5], 1e16])
def test_but_it_is_nothing_else(loss):
    with pytest.raises(EscGpuError, match=r"curves\[0\]\.loss is .*; expected a number or NaN"):
        check_shape([{"epoch": 1, "loss": loss}], [EPOCH], "curves")


@pytest.mark.parametrize("shape", ["a whole number", "a fold"])
def test_whole_numbers_and_folds_are_whole(shape):
    for value in (-1, 0, 10**15):
        check_shape(value, shape, "it")
    for value in (1.5, True, 10**15 + 1, "1"):
        with pytest.raises(EscGpuError, match=f"^it is {value!r}; expected {shape}$"):
            check_shape(value, shape, "it")


def test_a_value_in_a_message_has_at_most_40_signs():
    assert [short(10**39), short(10**40)] == [f"1{'0' * 39}", f"1{'0' * 39}…"]


@pytest.mark.parametrize("epoch", [math.nan, math.inf, "1"])
def test_an_epoch_is_a_number(epoch):
    with pytest.raises(EscGpuError, match=r"curves\[0\]\.epoch is "):
        check_shape([{"epoch": epoch}], [EPOCH], "curves")
