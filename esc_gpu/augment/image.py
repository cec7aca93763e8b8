"""Augmentation of images `(B, C, F, N)`: drawn for each clip, and applied later to normalised features.

Every `draw_...` gives an `ImageAugmentation`, which draws nothing itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from esc_gpu.augment.tables import kept

ImageAugmentation = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Hide:
    """Puts hidden cells of the image at 0, the mean.

    Args:
        hidden: `(B, 1, F, N)` bool.
    """

    hidden: Tensor

    def __call__(self, image: Tensor) -> Tensor:
        """`(B, C, F, N)` → the same shape."""
        return image.masked_fill(self.hidden, 0)


@kept
def middles(length: int, device: torch.device) -> Tensor:
    """`(length,)` middles of cells, in cells."""
    return torch.arange(length, device=device) + 0.5


def cells_inside(start: Tensor, width: Tensor, length: int) -> Tensor:
    """`(...)` starts and widths in cells → `(..., length)` bool, True for a cell whose middle is inside."""
    middle = middles(length, start.device)
    start = start[..., None]
    return (middle >= start) & (middle < start + width[..., None])
