"""Input channels that say where a bin and a frame are: a convolution alone does not know."""

import torch
from torch import Tensor

CHANNELS = {"none": 0, "frequency": 1, "both": 2}


def append_coordinates(image: Tensor, coordinates: str) -> Tensor:
    """`(B, C, F, N)` → `(B, C + CHANNELS[coordinates], F, N)`, with the position of each bin, and then of each frame.

    Positions rise evenly from -1, the lowest bin and the first frame, to 1.

    Source: Liu et al., An intriguing failing of convolutional neural networks and the CoordConv solution, NeurIPS 2018;
    of bins alone: Koutini et al., Receptive-field-regularized CNN variants for acoustic scene classification, DCASE
    2019.
    """
    n_clips, _, n_bins, n_frames = image.shape  # len() would fix the size of a dynamic batch
    bins = torch.linspace(-1, 1, n_bins, dtype=image.dtype, device=image.device)[:, None]
    frames = torch.linspace(-1, 1, n_frames, dtype=image.dtype, device=image.device)
    added = [axis.expand(n_clips, 1, n_bins, n_frames) for axis in (bins, frames)[: CHANNELS[coordinates]]]
    return torch.cat([image, *added], dim=1) if added else image
