"""Batch norms counted together."""

import pytest
import timm
import torch
from timm.layers import BatchNormAct2d
from torch import nn

from esc_gpu.training.batch_counts import counted_together


def model():
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 3, 1), nn.BatchNorm2d(3), BatchNormAct2d(3), nn.BatchNorm2d(3, momentum=None)),
        nn.BatchNorm2d(3, track_running_stats=False),
        timm.create_model("test_resnet", in_chans=3, num_classes=2),
    )


@pytest.mark.parametrize("frozen", [False, True], ids=["all in training", "one in evaluation"])
def test_state_and_output_are_those_of_norms_that_count_by_themselves(frozen):
    together, apart = model(), model()
    for one in together, apart:
        one[1].train(not frozen)
    for seed in range(3):
        clips = torch.randn(4, 1, 32, 32, generator=torch.Generator().manual_seed(seed))
        with counted_together(together):
            assert together[2].num_batches_tracked is None and together[3].num_batches_tracked is not None
            output = together(clips)
        assert torch.equal(output, apart(clips))
    expected = apart.state_dict()
    assert list(together.state_dict()) == list(expected)
    assert all(torch.equal(value, expected[name]) for name, value in together.state_dict().items())
    assert expected["2.num_batches_tracked"] == 3


def test_a_pass_that_fails_is_not_counted_and_leaves_the_counts_where_they_were():
    norms = model()
    with pytest.raises(RuntimeError), counted_together(norms):
        norms(torch.zeros(4, 5, 32, 32))
    assert norms.state_dict()["1.num_batches_tracked"] == 0
