"""How deep the tensors of a backbone lie."""

import pytest
import timm
import torch
from torch import nn

from esc_gpu import EscGpuError
from esc_gpu.model.depth import head_parameters, layer_scales, stages


@pytest.mark.parametrize(
    ("name", "firsts", "head"),
    [
        ("test_resnet", ["conv1", "layer1", "layer2", "layer3", "layer4", "fc"], "fc"),
        ("test_vit", ["cls_token", *(f"blocks.{n}" for n in range(6)), "head"], "head"),
    ],
)
def test_stages_and_head_are_timm_s(name, firsts, head):
    with torch.device("meta"):
        backbone = timm.create_model(name, num_classes=3)
    found = stages(backbone, name)
    assert set(found) == {key for key, _ in backbone.named_parameters()}
    lowest = {}
    for key, stage in found.items():
        lowest.setdefault(stage, key)
    assert sorted(lowest) == list(range(len(firsts)))
    assert all(lowest[stage].startswith(first) for stage, first in enumerate(firsts))
    assert head_parameters(backbone) == {f"{head}.weight", f"{head}.bias"}


def test_rates_fall_by_the_same_factor_from_the_head_down():
    backbone = timm.create_model("test_resnet", num_classes=3)
    backbone.conv1.requires_grad_(False)
    scales = layer_scales(backbone, "test_resnet", 0.5)
    assert scales["fc.weight"] == scales["fc.bias"] == 1
    found = [scales[f"layer{n}.0.conv1.weight"] for n in (4, 3, 2, 1)]
    assert found == [0.5, 0.25, 0.125, 0.0625]
    assert "conv1.0.weight" not in scales and set(layer_scales(backbone, "test_resnet", 1.0).values()) == {1.0}


def test_a_backbone_without_an_order_of_its_layers_is_refused_in_a_line():
    with pytest.raises(EscGpuError, match="train.layer_decay needs the order of the layers of mine, which timm does"):
        layer_scales(nn.Linear(2, 2), "mine", 0.5)
    with pytest.raises(EscGpuError, match="train.freeze=stages needs .*: set train.freeze backbone, or choose another"):
        stages(nn.Linear(2, 2), "mine")
