"""Input channels that say where a bin and a frame are: a convolution alone does not know."""

import torch
from torch import Tensor

from esc_gpu.frontends.blocks import is_free
from esc_gpu.frontends.unequal import fill_behind

CHANNELS = {"none": 0, "frequency": 1, "both": 2}


def append_coordinates(image: Tensor, coordinates: str, n_frames: Tensor | None = None) -> Tensor:
    """`(B, C, F, N)` → `(B, C + CHANNELS[coordinates], F, N)`, with the position of each bin, and then of each frame.

    Positions rise evenly from -1, the lowest bin and the first frame, to 1: the last one of all, or of the `n_frames`
    `(B,)` of each clip, behind which stands 0.

    Source: Liu et al., An intriguing failing of convolutional neural networks and the CoordConv solution, NeurIPS 2018;
    of bins alone: Koutini et al., Receptive-field-regularized CNN variants for acoustic scene classification, DCASE
    2019.
    """
    if coordinates == "none":
        return image
    n_clips, _, n_bins, size = image.shape  # len() would fix the size of a dynamic batch
    bins = torch.linspace(-1, 1, n_bins, dtype=image.dtype, device=image.device)[:, None]
    if n_frames is None and is_free(size):
        steps = torch.arange(size, dtype=image.dtype, device=image.device)
        frames = steps * (2 / steps[-1]) - 1
    elif n_frames is None:
        frames = torch.linspace(-1, 1, size, dtype=image.dtype, device=image.device)
    else:
        last = (n_frames - 1).clamp_min(1).to(image.dtype)[:, None, None, None]
        frames = torch.arange(size, dtype=image.dtype, device=image.device) * (2 / last) - 1
    added = [axis.expand(n_clips, 1, n_bins, size) for axis in (bins, frames)[: CHANNELS[coordinates]]]
    if n_frames is not None:
        added = [fill_behind(axis, n_frames) for axis in added]
    return torch.cat([image, *added], dim=1)
