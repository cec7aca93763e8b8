"""FilterAugment: another room or microphone, as a filter whose gains are lines over the bins."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.tables import kept


@dataclass(frozen=True)
class FilterAugment:
    """Adds an offset to each bin of normalised features.

    Args:
        offset: `(B, 1, F, 1)`.
    """

    offset: Tensor

    def __call__(self, image: Tensor) -> Tensor:
        """`(B, C, F, N)` → the same shape."""
        return image + self.offset.to(image.dtype)


def draw_filter_augment(
    n_clips: int, n_bins: int, max_offset: float, n_bands: tuple[int, int], draws: Draws, min_bins: int = 6
) -> FilterAugment:
    """Draw a random filter for each clip.

    The bins are cut into a random number of bands at random boundaries. The offset is drawn at the boundaries and both
    ends, and linear between them. On features in dB an offset is a gain: the paper's, in units of each bin's standard
    deviation instead of dB, so that it means as much to any other feature.

    Args:
        n_bins: F.
        max_offset: offsets are uniform in `± max_offset`, in standard deviations.
        n_bands: least and largest number of bands, from 1.
        draws: the random numbers; their device is the image's.
        min_bins: the narrowest band, where so many bands of it fit.

    >>> from esc_gpu.augment import Draws, draw_filter_augment
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> draw_filter_augment(2, 64, 0.5, (2, 5), draws)(torch.zeros(2, 1, 64, 32)).shape
    torch.Size([2, 1, 64, 32])
    """
    most = n_bands[1]
    options = (n_bins, max_offset, *n_bands, min_bins)
    (offset,) = draws.parameters(offsets, options, n_clips, (1,), (most - 1,), (most + 1,))
    return FilterAugment(offset[:, None, :, None])


def offsets(
    n_bins: int, max_offset: float, fewest: int, most: int, min_bins: int, count: Tensor, spread: Tensor, offset: Tensor
) -> tuple[Tensor]:
    """`(B, F)` of the bins."""
    count = (fewest + (most - fewest + 1) * count).floor()
    return (interpolate(spread_boundaries(spread, count, n_bins, min_bins), max_offset * (2 * offset - 1), n_bins),)


def spread_boundaries(drawn: Tensor, count: Tensor, n_bins: int, min_bins: int) -> Tensor:
    """`(B, most - 1)` in `[0, 1)` and `(B, 1)` numbers of bands → `(B, most + 1)` bins where bands begin and end.

    They are whole, ascending, 0 first; those after a clip's last band are all `n_bins`.
    """
    narrowest = (n_bins / count).floor().clamp_max(min_bins)
    number = numbers_of_boundaries(drawn.shape[1], drawn.device)
    spread = (drawn * (n_bins - count * narrowest + 1)).floor().masked_fill(number >= count, n_bins)
    inner = (spread.sort(dim=1).values + number * narrowest).clamp_max(n_bins)
    return F.pad(F.pad(inner, (1, 0)), (0, 1), value=n_bins)


@kept
def numbers_of_boundaries(n_boundaries: int, device: torch.device) -> Tensor:
    """`(n_boundaries,)` from 1 on."""
    return torch.arange(1, n_boundaries + 1, device=device)


@kept
def bins_of_clips(n_clips: int, n_bins: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """`(B, F)` numbers of the bins, the same for each clip."""
    return torch.arange(n_bins, dtype=dtype, device=device).repeat(n_clips, 1)


def interpolate(boundaries: Tensor, values: Tensor, n_bins: int) -> Tensor:
    """Lines through `values` `(B, M)` at ascending `boundaries` `(B, M)`, from 0 to `n_bins`: `(B, F)`."""
    bins = bins_of_clips(len(boundaries), n_bins, boundaries.dtype, boundaries.device)
    band = torch.searchsorted(boundaries, bins, right=True) - 1
    begin, end = boundaries.gather(1, band), boundaries.gather(1, band + 1)
    return torch.lerp(values.gather(1, band), values.gather(1, band + 1), (bins - begin) / (end - begin))
