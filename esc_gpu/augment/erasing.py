"""Random erasing: a rectangle of the image is hidden behind the mean."""

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.image import Hide, cells_inside


def draw_erasing(
    n_clips: int,
    image_size: tuple[int, int],
    probability: float,
    area_share: tuple[float, float],
    min_aspect: float,
    draws: Draws,
) -> Hide:
    """A rectangle of its own for a share of the clips.

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
    n_bins, n_frames = image_size
    smallest, largest = area_share
    area = n_bins * n_frames * (smallest + (largest - smallest) * draws.uniform(n_clips))
    lowest, highest = area / n_frames**2, n_bins**2 / area  # as wide as the image, as high as the image
    low = lowest.clamp_min(min_aspect).minimum(highest).log()
    high = highest.clamp_max(1 / min_aspect).maximum(lowest).log()
    aspect = (low + (high - low) * draws.uniform(n_clips)).exp()
    height, width = (area * aspect).sqrt(), (area / aspect).sqrt()
    bottom = draws.uniform(n_clips) * (n_bins - height)
    left = draws.uniform(n_clips) * (n_frames - width)
    chosen = draws.uniform(n_clips, 1, 1) < probability
    bins, frames = cells_inside(bottom, height, n_bins), cells_inside(left, width, n_frames)
    return Hide((bins[:, :, None] & frames[:, None, :] & chosen)[:, None])
