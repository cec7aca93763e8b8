"""What can be read off the axes of a figure beside what is drawn on them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure


def grid_of(axes: Axes) -> str:
    """Across which axes there are grid lines, and whether they lie behind all that is drawn: `xy`, `x behind`."""
    named = zip("xy", (axes.xaxis, axes.yaxis), strict=True)
    lines = "".join(name for name, axis in named if axis.get_tick_params()["gridOn"])
    return lines + " behind" * (axes.get_axisbelow() is True)


def steps_of(axis: Axis) -> list[float]:
    """The steps between its ticks if it went from 0 to 11.9, to 14, to 2 and to 4.4."""
    places = (axis.get_major_locator().tick_values(0, high) for high in (11.9, 14, 2, 4.4))
    return [float(np.diff(ticks)[0]) for ticks in places]


def ticks_of(axis: Axis) -> dict[str, float]:
    """The places of its ticks by their texts."""
    return dict(zip([label.get_text() for label in axis.get_ticklabels()], axis.get_ticklocs().tolist(), strict=True))


def grid_shape(figure: Figure) -> tuple[int, int]:
    """Rows and columns in which its axes stand."""
    grid = figure.axes[0].get_subplotspec().get_gridspec()
    return grid.nrows, grid.ncols


def legend_of(drawn: Axes | Figure) -> list[str]:
    """The texts of its legend."""
    legend = drawn.get_legend() if isinstance(drawn, Axes) else drawn.legends[0]
    return [text.get_text() for text in legend.get_texts()]


# By the most steps, in 1, 2, 2.5, 5 or 10 times a power of 10.
FOUR, FIVE = [5.0, 5.0, 0.5, 2.0], [2.5, 5.0, 0.5, 1.0]
