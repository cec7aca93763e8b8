"""Layers that stay float32 in a model of lower precision."""

from collections.abc import Callable
from typing import Self

from torch import Tensor, nn


class Float32Module(nn.Module):
    """A module that stays float32 when the model around it is made `.half()` or `.bfloat16()`."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        def keep_precision(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            lowered = moved.is_floating_point() and moved.dtype.itemsize < 4
            return tensor.to(moved.device) if lowered else moved

        changed: Self = super()._apply(keep_precision, recurse)
        return changed
