"""The confusion matrix, as all pictures of it have it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.image import AxesImage

from esc_gpu.report.tables import readable


def draw_confusion(
    axes: Axes,
    counts: np.ndarray,
    class_names: Sequence[str],
    fontsize: float,
    *,
    gamma: float = 1.0,
    dark: float = 0.5,
) -> AxesImage:
    """True classes down, predicted ones across, the clips in the cells; the shades are for a colour bar.

    Args:
        counts: `(K, K)` clips, `[true][predicted]`.
        gamma: the shade is that power of the share of the true class; the few are seen with one below 1.
        dark: the share from which on a cell's number is white.
    """
    share = counts / counts.sum(axis=1, keepdims=True).clip(1)
    image = axes.imshow(share, cmap="Blues", norm=PowerNorm(gamma, vmin=0, vmax=1))
    names = list(readable(class_names).values())
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor", fontsize=fontsize)
    axes.set_yticks(range(len(names)), names, fontsize=fontsize)
    axes.set(xlabel="predicted", ylabel="true")
    for row, column in zip(*counts.nonzero(), strict=True):
        colour = "white" if share[row, column] > dark else "black"
        axes.text(column, row, counts[row, column], ha="center", va="center", color=colour, fontsize=fontsize)
    return image
