"""SpecAugment (Park et al. 2019): masks over bands of bins and runs of frames."""

import torch
from torch import Tensor

from esc_gpu.augment.draws import Draws


def draw_masks(
    shape: tuple[int, int, int],
    freq_masks: int,
    freq_mask_share: float,
    time_masks: int,
    time_mask_share: float,
    draws: Draws,
) -> Tensor:
    """`(B, 1, F, N)` mask, 0 where a feature is hidden and 1 elsewhere; each clip has its own.

    Args:
        shape: `(B, F, N)`.
        freq_masks, time_masks: masks for each clip along each axis.
        freq_mask_share, time_mask_share: the widest mask, as a share of F or N; widths are uniform from 0.
        draws: the random numbers; their device is that of the result.
    """
    n_clips, n_bins, n_frames = shape
    bins = draw_bands(n_clips, n_bins, freq_masks, freq_mask_share, draws)
    frames = draw_bands(n_clips, n_frames, time_masks, time_mask_share, draws)
    return (bins[:, None, :, None] & frames[:, None, None, :]).float()


def draw_bands(n_clips: int, length: int, count: int, max_share: float, draws: Draws) -> Tensor:
    """`(B, length)` bool, False inside `count` random bands of each clip."""
    width = draws.uniform(n_clips, count, 1) * (max_share * length)
    start = draws.uniform(n_clips, count, 1) * (length - width)
    position = torch.arange(length, device=draws.device) + 0.5
    return ~((position >= start) & (position < start + width)).any(dim=1)
