"""Warps of the image's axes by linear interpolation: another pitch, or another tempo."""

from dataclasses import dataclass

import torch
from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.tables import count_up, kept
from esc_gpu.augment.waveform import between


@dataclass(frozen=True)
class FrequencyWarp:
    """What was in bin `f` comes to bin `scale · f + shift · F`; the lowest and highest bin go on beyond the edges.

    Args:
        scale: `(B, 1)`, above 0.
        shift: `(B, 1)`, as a share of the bins.
    """

    scale: Tensor
    shift: Tensor

    def __call__(self, image: Tensor) -> Tensor:
        """`(B, C, F, N)` → the same shape."""
        n_bins = image.shape[2]
        source = (count_up(n_bins, image.device) - n_bins * self.shift) / self.scale
        source = source.clamp(0, n_bins - 1)
        below = source.long()
        above = (below + 1).clamp_max(n_bins - 1)
        return torch.lerp(
            take_bins(image, below), take_bins(image, above), (source - below)[:, None, :, None].to(image.dtype)
        )


@dataclass(frozen=True)
class TimeStretch:
    """Plays the image `tempo` times as fast from its first frame on, at the same pitch.

    The clip is a circle, as for `random_speed`: a fast one comes round to its beginning, of a slow one the end is not
    reached.

    Args:
        tempo: `(B, 1)`, above 0.
    """

    tempo: Tensor

    def __call__(self, image: Tensor) -> Tensor:
        """`(B, C, F, N)` → the same shape."""
        n_frames = image.shape[3]
        source = count_up(n_frames, image.device) * self.tempo
        before = source.long()
        weight = (source - before)[:, None, None, :].to(image.dtype)
        return torch.lerp(take_frames(image, before % n_frames), take_frames(image, (before + 1) % n_frames), weight)


def draw_frequency_warp(n_clips: int, max_change: float, max_shift_share: float, draws: Draws) -> FrequencyWarp:
    """A scale and a shift of the frequency axis for each clip.

    On an axis that is linear in Hz, a scale is a sound source of another size; on a logarithmic one, a shift is.
    Of normalised bins it moves how far each is from its own mean, not the means.

    Args:
        max_change: scales are log-uniform in `[1 / (1 + max_change), 1 + max_change]`.
        max_shift_share: shifts are uniform in `± max_shift_share` of the bins.
        draws: the random numbers; their device is the image's.

    Source: Jaitly & Hinton, "Vocal Tract Length Perturbation (VTLP) improves speech recognition" (ICML workshop, 2013),
    without the bend that keeps the highest frequency in place.

    >>> from esc_gpu.augment import Draws, draw_frequency_warp
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> draw_frequency_warp(2, 0.1, 0.05, draws)(torch.zeros(2, 1, 64, 32)).shape
    torch.Size([2, 1, 64, 32])
    """
    return FrequencyWarp(*draws.parameters(scales_and_shifts, (max_change, max_shift_share), n_clips, (1,), (1,)))


def scales_and_shifts(max_change: float, max_shift: float, scale: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Log-uniform scales, and uniform shifts."""
    return changes(max_change, scale)[0], between(-max_shift, max_shift, shift)


def changes(max_change: float, drawn: Tensor) -> tuple[Tensor]:
    """Log-uniform in `[1 / (1 + max_change), 1 + max_change]`."""
    return ((1 + max_change) ** between(-1, 1, drawn),)


def draw_time_stretch(n_clips: int, max_change: float, draws: Draws) -> TimeStretch:
    """A tempo for each clip.

    Args:
        max_change: tempi are log-uniform in `[1 / (1 + max_change), 1 + max_change]`.
        draws: the random numbers; their device is the image's.

    >>> from esc_gpu.augment import Draws, draw_time_stretch
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> draw_time_stretch(2, 0.1, draws)(torch.zeros(2, 1, 64, 32)).shape
    torch.Size([2, 1, 64, 32])
    """
    return TimeStretch(*draws.parameters(changes, (max_change,), n_clips, (1,)))


@kept
def first_rows(n_clips: int, n_channels: int, n_bins: int, device: torch.device) -> Tensor:
    """`(B, C, 1)`: the row of the lowest bin of each channel, where all bins of all clips are rows."""
    return torch.arange(0, n_clips * n_channels * n_bins, n_bins, device=device).view(n_clips, n_channels, 1)


def take_bins(image: Tensor, bins: Tensor) -> Tensor:
    """`(B, C, F, N)` with the bins `(B, F)` of each clip in place of its own."""
    n_clips, n_channels, n_bins, n_frames = image.shape
    # Whole rows are copied: several times as fast on the CPU as an index for every cell.
    rows = (first_rows(n_clips, n_channels, n_bins, image.device) + bins[:, None]).flatten()
    return image.reshape(-1, n_frames).index_select(0, rows).view(image.shape)


def take_frames(image: Tensor, frames: Tensor) -> Tensor:
    """`(B, C, F, N)` with the frames `(B, N)` of each clip in place of its own."""
    return image.gather(3, frames[:, None, None, :].expand(image.shape))
