"""Weights in half precision for one forward pass, by one kernel: autocast takes one for each, and for its gradient."""

from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from esc_gpu.training.tensor_lists import copy_all

TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
# The forward of these multiplies by the weight, in autocast's type, and does nothing else with it.
MULTIPLYING = (nn.Conv1d, nn.Conv2d, nn.Linear)


class CastTogether(torch.autograd.Function):
    """Tensors in another floating-point type; their gradients in their own, as of `Tensor.to` for each."""

    @staticmethod
    def forward(ctx: Any, dtype: torch.dtype, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.dtypes = [tensor.dtype for tensor in tensors]
        ctx.set_materialize_grads(False)
        cast = [torch.empty_like(tensor, dtype=dtype) for tensor in tensors]
        copy_all(tensors, cast)
        return tuple(cast)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        given = {number: gradient for number, gradient in enumerate(gradients) if gradient is not None}
        cast = {number: torch.empty_like(gradient, dtype=ctx.dtypes[number]) for number, gradient in given.items()}
        copy_all(list(given.values()), list(cast.values()))
        return None, *(cast.get(number) for number in range(len(gradients)))


def half_weights(accelerator: Accelerator, model: nn.Module) -> dict[str, Tensor]:
    """What the layers of `model.backbone` that multiply would cast to half precision, cast: by the model's names.

    On a GPU, and in one process: several exchange gradients while others are still to come, which here come together.
    """
    dtype = TYPES.get(accelerator.mixed_precision)
    if dtype is None or accelerator.num_processes > 1 or accelerator.device.type == "cpu":
        return {}
    return cast_weights(model, dtype)


def cast_weights(model: nn.Module, dtype: torch.dtype) -> dict[str, Tensor]:
    """What learns in layers that multiply, by name and in another type, through which gradients go."""
    named = {
        f"{path}.{name}": parameter
        for path, module in model.named_modules()
        if path.startswith("backbone.") and type(module) in MULTIPLYING
        for name, parameter in module.named_parameters()
        if parameter.dtype == torch.float32 and parameter.requires_grad
    }
    cast = CastTogether.apply(dtype, *named.values()) if named else ()
    return {name: cast[number] for number, name in enumerate(named)}
