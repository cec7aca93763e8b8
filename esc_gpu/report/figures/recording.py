"""Pictures of one recording, narrow enough for a telephone's screen: what is heard when, and its features."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from esc_gpu.frontends.images import FeatureImage
from esc_gpu.report.figures.panels import (
    draw_colour_bar,
    draw_panel,
    draw_waveform,
    is_curve,
    split_channels,
    value_limits,
)

__all__ = ["Figure", "draw_features", "draw_timeline"]

WIDTH, DPI = 5.6, 150  # inches, pixels an inch
MAX_CLASSES = 8
MINUTES_FROM = 120  # seconds
MAX_TICKS = 7
STEPS_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600)


def draw_timeline(
    waveform: np.ndarray, sample_rate: int, edges: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]
) -> Figure:
    """A recording `(T,)`, and under it the probability of its classes over time, the likeliest one marked.

    Args:
        edges: `(W + 1,)` s, the bounds of what each window stands for.
        probabilities: `(W, K)`.
        class_names: of the K classes; the 8 that come closest to 1 are drawn.
    """
    rows = np.argsort(-probabilities.max(axis=0), kind="stable")[:MAX_CLASSES]
    figure = Figure(figsize=(WIDTH, 2.5 + 0.3 * len(rows)), dpi=DPI, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.1, 0.3 * len(rows) + 0.3])
    draw_waveform(above, waveform, sample_rate)
    name_panel(above, "the recording")
    name_panel(below, "what is heard when; orange: the likeliest")
    mesh = below.pcolormesh(
        edges, np.arange(len(rows) + 1) - 0.5, probabilities[:, rows].T, cmap="Blues", vmin=0, vmax=1
    )
    best = probabilities.argmax(axis=1)
    for row, label in enumerate(rows):
        spans = np.flatnonzero(best == label)
        below.hlines(np.full(len(spans), row + 0.38), edges[spans], edges[spans + 1], color="C1", linewidth=3)
    below.set_yticks(range(len(rows)), [class_names[label].replace("_", " ") for label in rows], parse_math=False)
    below.set_ylim(len(rows) - 0.5, -0.5)
    below.set_xlim(0, len(waveform) / sample_rate)
    name_time(below, 0, len(waveform) / sample_rate)
    figure.colorbar(mesh, ax=below, label="probability", pad=0.015)
    return figure


def draw_features(
    waveform: np.ndarray, sample_rate: int, features: Mapping[str, FeatureImage], start_seconds: float
) -> Figure:
    """A part `(T,)` of a recording from `start_seconds` on, and one under the other its images by front-end.

    What the images have beyond the end of the waveform is not shown.
    """
    panels = split_channels(features)
    figure = Figure(figsize=(WIDTH, 1.7 + 1.9 * len(panels)), dpi=DPI, layout="constrained")
    grid = figure.subplots(1 + len(panels), 1, sharex=True, squeeze=False, height_ratios=[1.1, *[1.9] * len(panels)])
    top, *others = grid[:, 0]
    draw_waveform(top, waveform, sample_rate, start_seconds=start_seconds)
    name_panel(top, "waveform")
    for axes, (name, image) in zip(others, panels.items(), strict=True):
        limits = value_limits([image])
        draw_panel(axes, image, limits, start_seconds)
        name_panel(axes, name)
        if not is_curve(image):
            draw_colour_bar(axes, image, limits, [image])
    end = start_seconds + len(waveform) / sample_rate
    top.set_xlim(start_seconds, end)
    name_time(grid[-1, 0], start_seconds, end)
    return figure


def name_panel(axes: Axes, name: str) -> None:
    axes.set_title(name, loc="left", fontsize=10, fontweight="bold", parse_math=False)


def name_time(axes: Axes, start_seconds: float, end_seconds: float) -> None:
    """The time axis in s, beyond two minutes in minutes and seconds."""
    steps = (step for step in STEPS_SECONDS if end_seconds - start_seconds <= MAX_TICKS * step)
    axes.xaxis.set_major_locator(MultipleLocator(next(steps, STEPS_SECONDS[-1])))
    if end_seconds > MINUTES_FROM:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds // 60:.0f}:{seconds % 60:02.0f}"))
    axes.set_xlabel("min:s" if end_seconds > MINUTES_FROM else "s")
