"""The frame that all plots of rows share."""

from matplotlib.axes import Axes


def light_frame(axes: Axes, hidden: tuple[str, ...] = ("top", "right")) -> None:
    """Pale lines for the values behind the rows, no ticks beside their names, and no frame at the `hidden` sides."""
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines[list(hidden)].set_visible(False)
