"""What is heard when in a long recording, as a picture."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from esc_gpu.report.figures.save import save

MAX_ROWS = 20
MAX_TICKS = 10
STEPS_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


def plot_timeline(path: Path, edges: np.ndarray, probabilities: np.ndarray, class_names: list[str], title: str) -> None:
    """The probability of each class over the time as shades, the likeliest class as a line.

    Args:
        path: of the PNG.
        edges: `(W + 1,)` seconds, where one window gives way to the next, and both ends.
        probabilities: `(W, K)`.
        class_names: of the K classes; of more than 20, those that come closest to 1 are drawn.
        title: above the picture.
    """
    rows = np.sort(np.argsort(-probabilities.max(axis=0), kind="stable")[:MAX_ROWS])
    figure = Figure(figsize=(11, 1.4 + 0.28 * len(rows)), layout="constrained")
    axes = figure.subplots()
    grid = np.arange(len(rows) + 1) - 0.5
    mesh = axes.pcolormesh(edges, grid, probabilities[:, rows].T, cmap="Blues", vmin=0, vmax=1)
    best = probabilities.argmax(axis=1)
    changes = [0, *(np.flatnonzero(np.diff(best)) + 1), len(best)]
    for first, end in zip(changes, changes[1:], strict=False):
        if best[first] in rows:
            height = np.searchsorted(rows, best[first]) + 0.4
            axes.hlines(height, edges[first], edges[end], color="C1", linewidth=3)
    names = [class_names[label].replace("_", " ") for label in rows]
    axes.set_yticks(range(len(rows)), names, parse_math=False)  # a dollar is a dollar
    axes.set_title(title, loc="left", parse_math=False)
    axes.set_title("\N{BLACK RECTANGLE} likeliest class", loc="right", color="C1", fontsize=10)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(len(rows) - 0.5, -0.5))
    _label_times(axes, edges[-1])
    figure.colorbar(mesh, ax=axes, label="probability", pad=0.01)
    save(figure, path)


def _label_times(axes: Axes, duration: float) -> None:
    """Round steps: in seconds, from a minute on m:ss, from an hour on h:mm:ss."""
    step = next((step for step in STEPS_SECONDS if duration <= MAX_TICKS * step), STEPS_SECONDS[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    if duration < 60:
        axes.set_xlabel("s")
        return
    axes.set_xlabel("m:ss" if duration < 3600 else "h:mm:ss")

    def label(seconds: float, _: int) -> str:
        minutes, rest = divmod(round(seconds), 60)
        if duration < 3600:
            return f"{minutes}:{rest:02}"
        return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"

    axes.xaxis.set_major_formatter(FuncFormatter(label))
