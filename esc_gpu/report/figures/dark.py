"""A figure for a page in dark mode."""

from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from esc_gpu.report.figures.panels import CURVE

TEXT, DARK_CURVE = "#e4e4e7", "#7cb4ec"
SHADES, DARK_SHADES = "Blues", "Blues_r"  # 0 has the colour of the page in each


def darken(figure: Figure) -> Figure:
    """The same figure with light text, axes and curves, and without a background of its own.

    Colours that stand for values stay, but for the shades of probabilities, which begin at dark instead of white. It
    changes this figure only, so that another thread can draw a light one meanwhile.
    """
    figure.set_facecolor("none")
    for axes in figure.axes:
        axes.set_facecolor("none")
        axes.tick_params(which="both", colors=TEXT)
        for spine in axes.spines.values():
            spine.set_edgecolor(TEXT)
        for line in axes.findobj(Line2D):
            if line.get_color() == CURVE:
                line.set_color(DARK_CURVE)
        for filled in axes.findobj(PolyCollection):
            filled.set_color(DARK_CURVE)
        for mesh in axes.findobj(QuadMesh):
            if mesh.get_cmap().name == SHADES:
                mesh.set_cmap(DARK_SHADES)
    for text in figure.findobj(Text):
        text.set_color(TEXT)
    return figure
