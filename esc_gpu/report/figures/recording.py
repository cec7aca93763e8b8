"""Pictures of one recording: what is heard when, as a file or narrow enough for a telephone, and its features."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
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
from esc_gpu.report.figures.save import save
from esc_gpu.report.tables import readable

__all__ = ["Figure", "draw_features", "draw_timeline", "plot_timeline"]

MOST_ROWS = 20  # classes in a file
WIDTH, DPI = 5.6, 150  # of a narrow picture: inches, pixels an inch
MOST_NARROW_ROWS = 8
MINUTES_FROM = 120  # seconds, in a narrow picture
# Steps of a time axis in seconds, and how many fit.
MAX_TICKS, NARROW_MAX_TICKS = 10, 7
STEPS_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
NARROW_STEPS_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600)


def plot_timeline(
    path: Path,
    edges: np.ndarray,
    probabilities: np.ndarray,
    class_names: list[str],
    title: str,
    heard_from: float | None = None,
) -> None:
    """The probability of each class over the time as shades, what is heard as a line: the likeliest class, or all.

    Args:
        path: of the PNG.
        edges: `(W + 1,)` seconds, where one window gives way to the next, and both ends.
        probabilities: `(W, K)`.
        class_names: of the K classes; of more than 20, those that come closest to 1 are drawn.
        title: above the picture.
        heard_from: of several classes at once, the probability from which one is heard; None for the likeliest only.
    """
    rows = np.sort(surest(probabilities, MOST_ROWS))
    figure = Figure(figsize=(11, 1.4 + 0.28 * len(rows)), layout="constrained")
    axes = figure.subplots()
    mesh = draw_probabilities(axes, edges, probabilities, rows, class_names, heard_from, mark_at=0.4, join=True)
    axes.set_title(title, loc="left", parse_math=False)
    axes.set_title(f"\N{BLACK RECTANGLE} {mark_name(heard_from)}", loc="right", color="C1", fontsize=10)
    axes.set_xlim(edges[0], edges[-1])
    label_times(axes, edges[-1])
    figure.colorbar(mesh, label="probability", pad=0.01)
    save(figure, path)


def mark_name(heard_from: float | None) -> str:
    """What the line in the row of a class means."""
    return "most probable class" if heard_from is None else f"probability of {heard_from:g} or more"


def draw_timeline(
    waveform: np.ndarray,
    sample_rate: int,
    edges: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    heard_from: float | None = None,
) -> Figure:
    """A recording `(T,)`, and under it the probability of its classes over time, marked where they are heard.

    Args:
        edges: `(W + 1,)` s, the bounds of what each window stands for.
        probabilities: `(W, K)`.
        class_names: of the K classes; the 8 that come closest to 1 are drawn.
        heard_from: as of `plot_timeline`.
    """
    rows = surest(probabilities, MOST_NARROW_ROWS)
    figure = Figure(figsize=(WIDTH, 2.5 + 0.3 * len(rows)), dpi=DPI, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.1, 0.3 * len(rows) + 0.3])
    draw_waveform(above, waveform, sample_rate)
    name_panel(above, "the recording")
    name_panel(below, f"probabilities over time; orange: {mark_name(heard_from)}")
    mesh = draw_probabilities(below, edges, probabilities, rows, class_names, heard_from, mark_at=0.38)
    below.set_xlim(0, len(waveform) / sample_rate)
    name_time(below, 0, len(waveform) / sample_rate)
    figure.colorbar(mesh, label="probability", pad=0.015)
    return figure


def surest(probabilities: np.ndarray, most: int) -> np.ndarray:
    """The classes that come closest to 1 in any window, the closest first."""
    return np.argsort(-probabilities.max(axis=0), kind="stable")[:most]


def draw_probabilities(
    axes: Axes,
    edges: np.ndarray,
    probabilities: np.ndarray,
    rows: np.ndarray,
    class_names: Sequence[str],
    heard_from: float | None = None,
    *,
    mark_at: float,
    join: bool = False,
) -> QuadMesh:
    """A row of shades for each class of `rows`, and a line in the row of a class where it is heard.

    The line is `mark_at` below the row's middle; `join` makes it one through windows that follow each other.
    """
    grid = np.arange(len(rows) + 1) - 0.5
    mesh = axes.pcolormesh(edges, grid, probabilities[:, rows].T, cmap="Blues", vmin=0, vmax=1)
    best = probabilities.argmax(axis=1)
    for row, label in enumerate(rows):
        is_heard = best == label if heard_from is None else probabilities[:, label] >= heard_from
        starts = np.flatnonzero(is_heard & ~np.append(False, is_heard[:-1])) if join else np.flatnonzero(is_heard)
        ends = np.flatnonzero(is_heard & ~np.append(is_heard[1:], False)) if join else starts
        heights = np.full(len(starts), row + mark_at)
        axes.hlines(heights, edges[starts], edges[ends + 1], color="C1", linewidth=3)
    shown = list(readable(class_names).values())
    names = [shown[label] for label in rows]
    axes.set_yticks(range(len(rows)), names, parse_math=False)  # a dollar is a dollar
    axes.set_ylim(len(rows) - 0.5, -0.5)
    return mesh


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
    """The time axis of a narrow picture: in s, beyond two minutes in minutes and seconds."""
    step = round_step(end_seconds - start_seconds, NARROW_STEPS_SECONDS, NARROW_MAX_TICKS)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    if end_seconds > MINUTES_FROM:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds // 60:.0f}:{seconds % 60:02.0f}"))
    axes.set_xlabel("min:s" if end_seconds > MINUTES_FROM else "s")


def round_step(seconds: float, steps: Sequence[float], most: int) -> float:
    """The smallest of the steps with which no more than `most` fit into the time, else the largest."""
    return next((step for step in steps if seconds <= most * step), steps[-1])


def label_times(axes: Axes, duration: float) -> None:
    """The time axis of a file: in seconds, from a minute on m:ss, from an hour on h:mm:ss."""
    axes.xaxis.set_major_locator(MultipleLocator(round_step(duration, STEPS_SECONDS, MAX_TICKS)))
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
