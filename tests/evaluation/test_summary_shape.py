"""What a training's files must hold, whoever wrote them."""

import math

import pytest

from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.summary_shape import EPOCH, check_shape


@pytest.mark.parametrize("loss", [1, 0.5, math.nan, math.inf, -math.inf])
def test_a_loss_may_be_no_number(loss):
    check_shape([{"epoch": 1, "loss": loss}], [EPOCH], "curves")


@pytest.mark.parametrize("loss", ["0.5", True, None, [0.5], 1e16])
def test_but_it_is_nothing_else(loss):
    with pytest.raises(EscGpuError, match=r"curves\[0\]\.loss is .*; expected a number or NaN"):
        check_shape([{"epoch": 1, "loss": loss}], [EPOCH], "curves")


@pytest.mark.parametrize("epoch", [math.nan, math.inf, "1"])
def test_an_epoch_is_a_number(epoch):
    with pytest.raises(EscGpuError, match=r"curves\[0\]\.epoch is "):
        check_shape([{"epoch": epoch}], [EPOCH], "curves")
