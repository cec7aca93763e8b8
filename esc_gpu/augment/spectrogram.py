"""SpecAugment (Park et al. 2019): masks over bands of bins and runs of frames."""

import torch
from torch import Generator, Tensor


def draw_masks(
    shape: tuple[int, int, int],
    freq_masks: int,
    freq_mask_share: float,
    time_masks: int,
    time_mask_share: float,
    generator: Generator,
) -> Tensor:
    """`(B, 1, F, N)` mask, 0 where a feature is hidden and 1 elsewhere; each clip has its own.

    Args:
        shape: `(B, F, N)`.
        freq_masks, time_masks: masks for each clip along each axis.
        freq_mask_share, time_mask_share: the widest mask, as a share of F or N; widths are uniform from 0.
        generator: its device is that of the result.
    """
    n_clips, n_bins, n_frames = shape
    bins = draw_bands(n_clips, n_bins, freq_masks, freq_mask_share, generator)
    frames = draw_bands(n_clips, n_frames, time_masks, time_mask_share, generator)
    return (bins[:, None, :, None] & frames[:, None, None, :]).float()


def draw_bands(n_clips: int, length: int, count: int, max_share: float, generator: Generator) -> Tensor:
    """`(B, length)` bool, False inside `count` random bands of each clip."""
    device = generator.device
    width = torch.rand(n_clips, count, 1, generator=generator, device=device) * (max_share * length)
    start = torch.rand(n_clips, count, 1, generator=generator, device=device) * (length - width)
    position = torch.arange(length, device=device) + 0.5
    return ~((position >= start) & (position < start + width)).any(dim=1)
