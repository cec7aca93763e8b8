"""What a backbone does with an image of zeros: how many outputs it has, and what it cannot do with so small a one."""

from typing import Any

import torch
from torch import Tensor, nn

from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.model.modes import evaluating


def answer_zeros(model: WaveformClassifier, n_samples: int) -> Tensor:
    """The backbone's logits `(1, K)` of an image of zeros, of the size that clips of `n_samples` give.

    The model is used in evaluation mode and left as it was.
    """
    like = next(model.backbone.parameters())
    with evaluating(model), torch.no_grad():
        logits: Tensor = model.backbone(like.new_zeros(1, *model.image_shape(n_samples)))
    return logits


def narrow_for_bf16(model: WaveformClassifier, n_samples: int) -> str | None:
    """What in the backbone is too narrow for bf16 on a CPU, for clips of `n_samples`; None where nothing is.

    It is a convolution with a stride on an image whose width is no greater than that stride. oneDNN (torch 2.11,
    AVX-512 BF16 and AMX) reads memory there that nobody wrote. For an image as wide as the stride the result is wrong,
    unless it is one row high; for a narrower one the gradient of the weights is wrong too: often NaN, not always.
    """
    narrow: list[str] = []

    def look(convolution: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        width, stride = inputs[0].shape[-1], convolution.stride[1]
        if max(convolution.kernel_size) > 1 and (width < stride or (width == stride > 1 and output.shape[-2] > 1)):
            narrow.append(f"{width} wide where a convolution has a stride of {stride}")

    hooks = [part.register_forward_hook(look) for part in model.backbone.modules() if isinstance(part, nn.Conv2d)]
    try:
        answer_zeros(model, n_samples)
    finally:
        for hook in hooks:
            hook.remove()
    return narrow[0] if narrow else None
