"""Pictures of features: one clip, several clips side by side, a gallery of a class's clips."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from esc_gpu.errors import EscGpuError
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

FORMATS = (".png", ".pdf", ".svg")
# Up to so many cells: columns, and a cell in inches.
LAYOUTS = ((4, 1, 9.5, 1.9), (8, 2, 6.4, 2.0), (15, 3, 4.9, 2.0), (20, 4, 4.2, 2.0), (math.inf, 5, 3.9, 2.0))
LONGEST_TITLE = 34
SMALL: dict[str, Any] = {"labelsize": 7.5}


@dataclass(frozen=True, eq=False)
class Clip:
    """A clip to draw.

    Attributes:
        title: its name.
        waveform: (T,) float, full scale at ±1.
        sample_rate: Hz.
        features: its images by front-end.
        start_seconds: where in its recording it begins.
    """

    title: str
    waveform: np.ndarray
    sample_rate: int
    features: Mapping[str, FeatureImage]
    start_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        return len(self.waveform) / self.sample_rate


def plot_features(
    path: Path,
    waveform: np.ndarray,
    sample_rate: int,
    features: Mapping[str, FeatureImage],
    title: str,
    start_seconds: float = 0.0,
) -> None:
    """One clip: its waveform `(T,)` and every feature, each with its bins and colours explained.

    Up to three features stand one under the other, on the waveform's time axis; more of them side by side.

    Raises:
        EscGpuError: for a suffix other than `FORMATS`, or a file that cannot be written.
    """
    save_figure(draw_clip(Clip(title, waveform, sample_rate, features, start_seconds)), path)


def draw_clip(clip: Clip) -> Figure:
    """The figure of `plot_features`."""
    panels = split_channels(clip.features)
    n_cells = 1 + len(panels)
    columns, width, height = layout_of(n_cells)
    rows = -(-n_cells // columns)
    spare = rows * columns - n_cells  # the waveform takes these cells, too
    figure = Figure(figsize=(columns * width, 0.5 + rows * height), layout="constrained")
    figure.suptitle(clip.title, parse_math=False)
    cells = figure.add_gridspec(rows, columns)
    first = figure.add_subplot(cells[0, : 1 + spare])
    draw_waveform(first, clip.waveform, clip.sample_rate, start_seconds=clip.start_seconds)
    head(first, "waveform", f"{len(clip.waveform):,} samples")
    label_time(first, rows == 1 or spare > 0)
    for number, (name, image) in enumerate(panels.items(), start=1 + spare):
        axes = figure.add_subplot(cells[number // columns, number % columns], sharex=first)
        limits = value_limits([image])
        draw_panel(axes, image, limits, clip.start_seconds)
        head(axes, name, " × ".join(map(str, image.values.shape[1:])))
        if not is_curve(image):
            draw_colour_bar(axes, image, limits, [image])
        label_time(axes, number // columns == rows - 1)
    first.set_xlim(clip.start_seconds, clip.start_seconds + clip.seconds)
    return figure


def layout_of(n_cells: int) -> tuple[int, float, float]:
    """How many columns a figure of so many cells has, and width and height of a cell in inches."""
    return next((columns, width, height) for most, columns, width, height in LAYOUTS if n_cells <= most)


def label_time(axes: Axes, is_labelled: bool) -> None:
    """Numbers along the time axis, or ticks alone where the panel below has them."""
    axes.tick_params(**SMALL, labelbottom=is_labelled)
    axes.set_xlabel("time in s" if is_labelled else "", fontsize=8.5)
    axes.yaxis.label.set_fontsize(8.5)


def head(axes: Axes, name: str, size: str) -> None:
    """A panel's name, and its size in grey."""
    axes.set_title(name, loc="left", fontsize=9, fontweight="bold", parse_math=False)
    axes.set_title(size, loc="right", fontsize=7.5, color="0.45")


def draw_clips(clips: Sequence[Clip]) -> Figure:
    """Several clips, all with the same features: a column a clip, a row a feature with one colour scale."""
    parts = [split_channels(clip.features) for clip in clips]
    names = list(parts[0])
    size = (1.6 + 3.0 * len(clips), 0.7 + 1.2 + 1.7 * len(names))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(
        1 + len(names), len(clips), sharex="col", squeeze=False, height_ratios=[1.2, *[1.7] * len(names)]
    )
    peak = max(float(np.abs(clip.waveform).max()) for clip in clips)
    for axes, clip in zip(grid[0], clips, strict=True):
        draw_waveform(axes, clip.waveform, clip.sample_rate, peak, clip.start_seconds)
        axes.set_title(shortened(clip.title), fontsize=10, parse_math=False)
    for row, name in zip(grid[1:], names, strict=True):
        images = [part[name] for part in parts]
        draw_row(row, images, [clip.start_seconds for clip in clips])
        row[0].set_ylabel(f"{name}\n{row[0].get_ylabel()}", parse_math=False)
    for axes in grid.flat:
        axes.tick_params(**SMALL)
        axes.yaxis.label.set_fontsize(8.5)
    for row in grid[:, 1:]:
        for axes in row:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
    for axes in grid[-1]:
        axes.set_xlabel("time in s")
    return figure


def draw_row(row: Sequence[Axes], images: Sequence[FeatureImage], starts: Sequence[float]) -> None:
    """The same feature of several clips on one scale."""
    limits = value_limits(images)
    for axes, image, start in zip(row, images, starts, strict=True):
        draw_panel(axes, image, limits, start)
    if not is_curve(images[0]):
        draw_colour_bar(list(row), images[0], limits, images)


def draw_gallery(
    name: str, images: Sequence[Sequence[FeatureImage]], class_names: Sequence[str], seconds: float
) -> Figure:
    """Some clips of every class by one feature, all on one scale.

    Args:
        images: of each class, its clips' one-channel images.
        seconds: length of a clip.
    """
    num_classes, per_class = len(images), max(map(len, images))
    rows, blocks = gallery_grid(num_classes, per_class)
    figure = Figure(figsize=(1 + 2.1 * per_class * blocks, 0.9 + 1.35 * rows), layout="constrained")
    figure.suptitle(name, parse_math=False)
    # Every panel gets the same limits by itself: matplotlib's sharing of axes takes minutes for so many.
    grid = figure.subplots(rows, per_class * blocks, squeeze=False)
    every = [image for clips in images for image in clips]
    limits = value_limits(every)
    for axes in grid.flat:
        axes.set_visible(False)
    for number, (clips, class_name) in enumerate(zip(images, readable(class_names).values(), strict=True)):
        row, first = number % rows, number // rows * per_class
        for column, image in enumerate(clips, start=first):
            axes = grid[row, column]
            axes.set_visible(True)
            draw_panel(axes, image, limits)
            axes.set_xlim(0, seconds)
            axes.tick_params(**SMALL, labelleft=column == 0, labelbottom=row == rows - 1)
            axes.set_ylabel(axes.get_ylabel() if column == 0 else "", fontsize=8)
            if row == rows - 1:
                axes.set_xlabel("time in s", fontsize=8)
        grid[row, first].set_title(class_name, loc="left", fontsize=10, fontweight="bold", parse_math=False)
    if not is_curve(every[0]):
        draw_colour_bar(grid.ravel(), every[0], limits, every, aspect=10 * rows)
    return figure


def gallery_grid(num_classes: int, per_class: int) -> tuple[int, int]:
    """Rows of classes, and how many such blocks stand side by side for a picture that is a little wide."""
    blocks = max(1, round((1.1 * num_classes / per_class) ** 0.5))
    rows = -(-num_classes // blocks)
    return rows, -(-num_classes // rows)


def shortened(title: str) -> str:
    """A title that fits over its column."""
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"


def check_format(path: Path) -> None:
    """Refuse a picture of another format than `FORMATS`."""
    if path.suffix.lower() not in FORMATS:
        raise EscGpuError(
            f"{path} has the suffix {path.suffix!r}; expected one of {', '.join(FORMATS)}; choose another output"
        )


def save_figure(figure: Figure, path: Path) -> None:
    """Write the figure in the format of the path's suffix.

    Raises:
        EscGpuError: for a suffix other than `FORMATS`, or a file that cannot be written.
    """
    check_format(path)
    try:
        save(figure, path)
    except OSError as error:
        raise EscGpuError(
            f"{path}: {error.strerror or error}; expected a file that can be written; choose another output"
        ) from error
