"""SpecAugment: masks over bands of bins and runs of frames."""

from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.image import Hide, cells_inside


def draw_spec_augment(
    n_clips: int,
    image_size: tuple[int, int],
    freq_masks: int,
    freq_mask_share: float,
    time_masks: int,
    time_mask_share: float,
    draws: Draws,
) -> Hide:
    """Draw random masks for each clip.

    Args:
        image_size: `(F, N)`.
        freq_masks: masks for each clip over bins.
        freq_mask_share: largest width of a mask over bins, as a share of F; widths are uniform from 0.
        time_masks: masks for each clip over frames.
        time_mask_share: largest width of a mask over frames, as a share of N; widths are uniform from 0.
        draws: the random numbers; their device is the image's.

    Source: Park et al., "SpecAugment" (Interspeech 2019), section 2, steps 2 and 3.

    >>> from esc_gpu.augment import Draws, draw_spec_augment
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> draw_spec_augment(2, (64, 32), 2, 0.1, 2, 0.1, draws)(torch.zeros(2, 1, 64, 32)).shape
    torch.Size([2, 1, 64, 32])
    """
    n_bins, n_frames = image_size
    bins = draw_bands(n_clips, n_bins, freq_masks, freq_mask_share, draws)
    frames = draw_bands(n_clips, n_frames, time_masks, time_mask_share, draws)
    return Hide(bins[:, None, :, None] | frames[:, None, None, :])


def draw_bands(n_clips: int, length: int, count: int, max_share: float, draws: Draws) -> Tensor:
    """`(n_clips, length)` bool, True inside `count` random bands of each clip."""
    (inside,) = draws.parameters(bands, (length, max_share), n_clips, (count,), (count,))
    return inside


def bands(length: int, max_share: float, width: Tensor, start: Tensor) -> tuple[Tensor]:
    """As `draw_bands`, of as many bands as there are numbers for a clip."""
    width = width * (max_share * length)
    inside = cells_inside(start * (length - width), width, length)
    return (inside[:, 0] if inside.shape[1] == 1 else inside.any(dim=1),)
