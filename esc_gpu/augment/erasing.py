"""Random erasing: a rectangle of the image is hidden behind the mean."""

from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.image import Hide, cells_inside
from esc_gpu.augment.waveform import between, chosen


def draw_erasing(
    n_clips: int,
    image_size: tuple[int, int],
    probability: float,
    area_share: tuple[float, float],
    min_aspect: float,
    draws: Draws,
) -> Hide:
    """Draw a rectangle to erase for a share of the clips; each clip has its own.

    Its area is uniform in a range. Its aspect, bins over frames, is log-uniform, as far as a rectangle of the area and
    the aspect fits into the image: where the paper draws again until one does, this draws among those that do.

    Args:
        image_size: `(F, N)`.
        probability: share of the clips that lose a rectangle.
        area_share: smallest and largest area, as a share of the image.
        min_aspect: aspects go from this to its inverse; in `(0, 1]`.
        draws: the random numbers; their device is the image's.

    Source: Zhong et al., "Random Erasing Data Augmentation" (AAAI 2020), algorithm 1.

    >>> from esc_gpu.augment import Draws, draw_erasing
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> draw_erasing(2, (64, 32), 0.5, (0.02, 0.3), 0.3, draws)(torch.zeros(2, 1, 64, 32)).shape
    torch.Size([2, 1, 64, 32])
    """
    options = (*image_size, probability, *area_share, min_aspect)
    bins, frames = draws.parameters(rectangles, options, n_clips, (), (), (), (), (1,))
    return Hide((bins[:, :, None] & frames[:, None, :])[:, None])


def rectangles(
    n_bins: int,
    n_frames: int,
    probability: float,
    smallest: float,
    largest: float,
    min_aspect: float,
    *drawn: Tensor,
) -> tuple[Tensor, Tensor]:
    """`(B, F)` and `(B, N)` bool, True for bins and frames of the rectangle; no bins where a clip is not chosen."""
    area = n_bins * n_frames * between(smallest, largest, drawn[0])
    lowest, highest = area / n_frames**2, n_bins**2 / area  # as wide as the image, as high as the image
    low = lowest.clamp_min(min_aspect).minimum(highest).log()
    high = highest.clamp_max(1 / min_aspect).maximum(lowest).log()
    aspect = (low + (high - low) * drawn[1]).exp()
    height, width = (area * aspect).sqrt(), (area / aspect).sqrt()
    bottom, left = drawn[2] * (n_bins - height), drawn[3] * (n_frames - width)
    (are_chosen,) = chosen(probability, drawn[4])
    return cells_inside(bottom, height, n_bins) & are_chosen, cells_inside(left, width, n_frames)
