"""The last layer of a backbone, in float32 whatever the precision of the layers before it.

In bf16 logits have 8 bits: two of them are equal for several of a hundred clips, and the order of the classes would
decide. The layer is small, so that float32 costs next to nothing.
"""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def at_least_float32(tensor: Tensor) -> Tensor:
    """In float32; as it is in float64, in which the reference of a training may be."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


class Float32Linear(nn.Linear):
    """A linear layer that autocast leaves in float32, as it does the layer's weights where the model's are halved."""

    def forward(self, input: Tensor) -> Tensor:
        bias = None if self.bias is None else at_least_float32(self.bias)
        with torch.autocast(input.device.type, enabled=False):
            return F.linear(at_least_float32(input), at_least_float32(self.weight), bias)


class Float32Conv2d(nn.Conv2d):
    """The same for backbones that end with a convolution."""

    def forward(self, input: Tensor) -> Tensor:
        bias = None if self.bias is None else at_least_float32(self.bias)
        with torch.autocast(input.device.type, enabled=False):
            return self._conv_forward(at_least_float32(input), at_least_float32(self.weight), bias)


FULL: dict[type[nn.Module], type[nn.Module]] = {nn.Linear: Float32Linear, nn.Conv2d: Float32Conv2d}


def keep_head_in_float32(backbone: nn.Module) -> None:
    """Have what timm calls the backbone's classifier computed in float32; its weights and their names stay.

    A backbone that is none of timm's, and a classifier without a linear layer or convolution, are left as they are.
    """
    for layer in head_layers(backbone):
        layer.__class__ = FULL.get(type(layer), type(layer))


def head_layers(backbone: nn.Module) -> Iterator[nn.Module]:
    """Every module of timm's classifier; there may be two, as in distilled transformers."""
    classifier: Any = getattr(backbone, "get_classifier", tuple)()
    for part in classifier if isinstance(classifier, (tuple, list)) else [classifier]:
        yield from part.modules()
