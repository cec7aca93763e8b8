"""Weights cast together: the numbers and gradients of autocast, which casts one after the other."""

from types import SimpleNamespace

import pytest
import timm
import torch
from torch import nn
from torch.func import functional_call

from esc_gpu.training.half_weights import cast_weights, half_weights
from tests.helpers.small_model import small_model


class Model(nn.Module):
    """A backbone where a classifier has it."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = timm.create_model("test_resnet", in_chans=1, num_classes=3)

    def forward(self, image):
        return self.backbone(image)


def step(casts, frozen=()):
    """Logits, and the gradients of all parameters."""
    model = Model()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.startswith(frozen) if frozen else True)
    image = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    weights = cast_weights(model, torch.bfloat16) if casts else {}
    with torch.autocast("cpu", torch.bfloat16):
        logits = functional_call(model, weights, (image,))
    logits.float().square().sum().backward()
    return logits, {name: parameter.grad for name, parameter in model.named_parameters()}, weights


@pytest.mark.parametrize("frozen", [(), "backbone.conv1"], ids=["all learn", "one is frozen"])
def test_logits_and_gradients_are_those_of_autocast(frozen):
    (expected, gradients, _), (logits, others, weights) = step(False, frozen), step(True, frozen)
    assert torch.equal(logits, expected) and len(weights) > 5
    assert all(weight.dtype == torch.bfloat16 for weight in weights.values())
    assert ("backbone.conv1.0.weight" in weights) == (not frozen)
    for name, gradient in gradients.items():
        assert (gradient is None) == (others[name] is None) == (bool(frozen) and name.startswith(frozen)), name
        assert gradient is None or (torch.equal(gradient, others[name]) and gradient.dtype == torch.float32), name


def test_only_layers_that_multiply_are_cast():
    names = cast_weights(Model(), torch.float16)
    exact = Model()
    exact.backbone.fc.double()  # which autocast leaves as it is
    assert cast_weights(exact, torch.float16).keys() == names.keys() - {"backbone.fc.weight", "backbone.fc.bias"}
    assert "backbone.fc.weight" in names and not any(".bn" in name for name in names)
    kept = cast_weights(small_model(), torch.float16)
    assert kept.keys() == names.keys() - {"backbone.fc.weight", "backbone.fc.bias"}  # its last layer is in float32


@pytest.mark.parametrize(
    ("precision", "processes", "device", "is_cast"),
    [
        ("bf16", 1, "cuda", True),
        ("fp16", 1, "cuda", True),
        ("no", 1, "cuda", False),
        ("bf16", 2, "cuda", False),
        ("bf16", 1, "cpu", False),
    ],
)
def test_it_is_for_one_process_on_a_gpu_in_half_precision(precision, processes, device, is_cast):
    accelerator = SimpleNamespace(mixed_precision=precision, num_processes=processes, device=torch.device(device))
    assert bool(half_weights(accelerator, Model())) is is_cast


def test_a_weight_that_takes_no_part_has_no_gradient():
    model = Model()
    cast = cast_weights(model, torch.bfloat16)
    first = next(iter(cast))
    cast[first].float().sum().backward()
    learnt = [name for name, parameter in model.named_parameters() if parameter.grad is not None]
    assert learnt == [first] and len(cast) > 1  # zeros would let weight decay act on the others
