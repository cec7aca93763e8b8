"""The pictures of a run: of each fold as PNG, and those of its Markdown report as PNG and as PDF."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import color_sequences
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.path import Path as MarkerPath
from matplotlib.ticker import MaxNLocator

from esc_gpu.core.folds import Fold, fold_title
from esc_gpu.evaluation.decisions import Decisions
from esc_gpu.report.contents import FoldMap, Mistake
from esc_gpu.report.figures.confusion import draw_confusion
from esc_gpu.report.figures.features import SMALL
from esc_gpu.report.figures.panels import (
    DIVERGING,
    INPUT_LIMIT,
    VEIL,
    VEIL_OPACITY,
    bin_ticks,
    channels,
    draw_panel,
    outlines,
    value_limits,
)
from esc_gpu.report.figures.save import save, save_pair
from esc_gpu.report.tables import readable

History = Sequence[Mapping[str, float]]  # a record an epoch
INPUTS_A_ROW = 5
MARKERS = "os^Dv"  # once the colours are used up
GREYING = ListedColormap(
    [(*(part / 255 for part in VEIL), VEIL_OPACITY * (1 - heat)) for heat in np.linspace(0, 1, 256)]
)


def plot_curves(path: Path, history: History, title: str) -> None:
    """Loss, test accuracy (of several labels a clip, mAP) and learning rate over the epochs."""
    key, score_name, loss_name = curve_names(history)
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    loss, score, rate = figure.subplots(1, 3)
    figure.suptitle(title)
    draw_curve(loss, history, "loss", label="training (augmented)")
    draw_curve(loss, history, "test_loss", "o-", label="test")
    draw_curve(score, history, key, "o-", 100, color="C1")
    draw_curve(rate, history, "lr", color="C2")
    loss.set(ylabel=loss_name, ylim=(0, None))
    loss.legend()
    score.set(ylabel=score_name, ylim=(0, 100))
    rate.set(ylabel="learning rate at the end of the epoch", ylim=(0, None))
    name_epochs((loss, score, rate), history[-1]["epoch"] + 1)
    save(figure, path)


def plot_fold_curves(stem: Path, histories: Mapping[Fold, History]) -> list[Path]:
    """Loss and test accuracy (of several labels a clip, mAP) over the epochs, a line a fold."""
    key, score_name, loss_name = curve_names([record for history in histories.values() for record in history])
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    loss, score = figure.subplots(1, 2)
    for number, (fold, history) in enumerate(histories.items()):
        color = f"C{number % 10}"
        draw_curve(loss, history, "loss", color=color, label=fold_title(fold))
        draw_curve(loss, history, "test_loss", "o:", color=color, markersize=3)
        draw_curve(score, history, key, "o-", 100, color=color, markersize=3)
    loss.set(ylabel=f"{loss_name}:\ntraining (lines), test (dots)", ylim=(0, None))
    loss.legend(fontsize=8, frameon=False)
    score.set(ylabel=score_name, ylim=(0, 100))
    name_epochs((loss, score))
    return save_pair(figure, stem)


def curve_names(history: History) -> tuple[str, str, str]:
    """The key of the score in the records, and the axes of the score and of the loss."""
    if any("test_map" in record for record in history):
        return "test_map", "test mAP in %", "binary cross-entropy"
    return "test_accuracy", "test accuracy in %", "cross-entropy"


def draw_curve(axes: Axes, history: History, key: str, style: str = "-", scale: float = 1, **options: Any) -> None:
    """A value over the epochs whose record has it; `options` of `plot`."""
    known = [record for record in history if key in record]
    axes.plot([record["epoch"] for record in known], [scale * record[key] for record in known], style, **options)


def name_epochs(panels: Sequence[Axes], end: float | None = None) -> None:
    """The axes of epochs, from 0 to `end` or where the curves end."""
    for axes in panels:
        axes.set(xlabel="epoch", xlim=(0, end))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)


def plot_confusion(path: Path, matrix: list[list[int]], class_names: Sequence[str]) -> None:
    """The confusion matrix, `[true][predicted]`, with its counts in the cells."""
    counts = np.array(matrix)
    size = 2.5 + 0.5 * min(len(class_names), 30)
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axes = figure.subplots()
    image = draw_confusion(axes, counts, class_names, 9 if len(class_names) <= 20 else 6)
    axes.set_title(f"{np.trace(counts)} of {counts.sum()} clips correct")
    figure.colorbar(image, label="share of the true class", shrink=0.8)
    save(figure, path)


def plot_average_precision(path: Path, values: Sequence[float | None], class_names: Sequence[str]) -> None:
    """The average precision of each class as a bar, the largest on top; none for a class without clips."""
    shown = list(readable(class_names).values())
    rows = [
        (-1.0, "no clips", name) if v is None else (v, f"{100 * v:.1f}", name)
        for v, name in zip(values, shown, strict=True)
    ]
    rows.sort(key=lambda row: row[0])
    figure = Figure(figsize=(7, 1.2 + 0.27 * len(values)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(range(len(rows)), [100 * max(0.0, value) for value, *_ in rows], height=0.7, color="C0", alpha=0.6)
    axes.bar_label(bars, [text for _, text, _ in rows])
    axes.set_yticks(range(len(rows)), [name for *_, name in rows])
    axes.set(xlabel="average precision in %", xlim=(0, 108), ylim=(-0.6, len(rows) - 0.4))
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    save(figure, path)


def plot_inputs(
    path: Path,
    images: np.ndarray,
    times: np.ndarray,
    bins: np.ndarray,
    bin_unit: str,
    class_names: list[str],
) -> None:
    """One clip `(C, F, N)` of each class as the backbone sees it, its channels one under the other.

    `times` in seconds and `bins` in `bin_unit` label the axes; of several channels, `bins` are the first's.
    """
    num_classes, n_channels, n_bins, _ = images.shape
    rows = -(-num_classes // INPUTS_A_ROW)
    figure = Figure(figsize=(3 * INPUTS_A_ROW, 0.6 + 2.2 * rows * n_channels), layout="constrained")
    grid = figure.subplots(rows * n_channels, INPUTS_A_ROW, sharex=True, squeeze=False)
    for axes in grid.flat:
        axes.set_visible(False)
    places, labels = bin_ticks(bins, bin_unit)
    for number, (clip, name) in enumerate(zip(images, readable(class_names).values(), strict=True)):
        for channel, image in enumerate(clip):
            axes = grid[number // INPUTS_A_ROW * n_channels + channel, number % INPUTS_A_ROW]
            axes.set_visible(True)
            mesh = axes.imshow(
                image,
                origin="lower",
                aspect="auto",
                extent=(times[0], times[-1], -0.5, n_bins - 0.5),
                vmin=-INPUT_LIMIT,
                vmax=INPUT_LIMIT,
                cmap=DIVERGING,
            )
            axes.set_yticks(places, labels if channel == 0 else [""] * len(labels))
            axes.tick_params(labelsize=7)
            if channel == 0:
                axes.set_title(name, fontsize=10)
            if number % INPUTS_A_ROW == 0:
                axes.set_ylabel(bin_unit if channel == 0 else f"channel {channel + 1}", fontsize=8)
            if channel == n_channels - 1:
                axes.set_xlabel("s", fontsize=8)
    figure.colorbar(mesh, ax=grid, label="standard deviations\nfrom the training mean", shrink=0.6)
    save(figure, path)


def plot_maps(stem: Path, maps: Sequence[FoldMap], class_names: Sequence[str], decisions: Decisions) -> list[Path]:
    """The embeddings of each fold's test clips in the plane; a clip with several labels has a sector for each, and
    mistakes are ringed."""
    columns = min(3, len(maps))
    rows = -(-len(maps) // columns)
    n_legend = -(-len(class_names) // 5)
    figure = Figure(figsize=(3.4 * columns + 1, 3.2 * rows + 0.5 + 0.2 * n_legend), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    palette, shown = color_sequences["tab10"], list(readable(class_names).values())
    wrong = (decisions.true != decisions.called).any(axis=1)
    for number, part in enumerate(maps):
        axes = grid[number]
        true = decisions.true[part.rows]
        alone = true.sum(axis=1) == 1
        for label in np.flatnonzero(true.any(axis=0)).tolist():
            color, marker = palette[label % 10], MARKERS[label // 10 % len(MARKERS)]
            axes.scatter(*part.points[alone & true[:, label]].T, s=22, color=color, marker=marker, label=shown[label])
        colors = [[palette[label % 10] for label in np.flatnonzero(labels)] for labels in true[~alone]]
        draw_sectors(axes, part.points[~alone], colors)
        axes.scatter(*part.points[wrong[part.rows]].T, s=60, facecolors="none", edgecolors="black", linewidths=0.9)
        axes.set(xticks=[], yticks=[])
        axes.set_title(part.fold if isinstance(part.fold, str) else f"test fold {part.fold}", fontsize=9)
    for axes in grid[len(maps) :]:
        axes.set_visible(False)
    handles = {label: handle for axes in grid for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    return save_pair(figure, stem)


def draw_sectors(axes: Axes, points: np.ndarray, colors: Sequence[Sequence[Any]]) -> None:
    """A disc at each of the points `(n, 2)` that its colours share, clockwise from the top; grey for none.

    Sectors of one shape are drawn together, because thousands of artists take minutes.
    """
    alike = defaultdict[tuple[int, int], list[tuple[np.ndarray, Any]]](list)
    for point, shared in zip(points, colors, strict=True):
        for number, color in enumerate(shared):
            alike[number, len(shared)].append((point, color))
    for (number, n_colors), discs in sorted(alike.items()):
        end, start = (90 - 360 * (number + share) / n_colors for share in (1, 0))
        wedge = MarkerPath.wedge(end, start)
        size = 22 * np.abs(wedge.vertices).max() ** 2  # a marker is scaled to its largest coordinate
        places, of_each = zip(*discs, strict=True)
        x, y = np.stack(places).T
        axes.scatter(x, y, s=size, color=of_each, marker=wedge, linewidths=0)
    blank = [point for point, shared in zip(points, colors, strict=True) if not shared]
    if blank:
        x, y = np.stack(blank).T
        axes.scatter(x, y, s=22, color="0.6", marker="o")


def plot_mistakes(stem: Path, mistakes: Sequence[Mistake], titles: Sequence[str]) -> list[Path]:
    """Features of clips that are mistakes, a row a clip and a column a channel; grey over what does not speak for the
    class that is wrongly heard, or else for the missed one, and a line around what does."""
    names = list(channels(mistakes[0].features))
    per_row = max(1, 3 // len(names))  # clips
    rows, columns = -(-len(mistakes) // per_row), per_row * len(names)
    figure = Figure(figsize=(3.7 * columns, 2.1 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    limits = {name: value_limits([channels(clip.features)[name] for clip in mistakes]) for name in names}
    for axes in grid.flat:
        axes.set_visible(False)
    for number, (clip, title) in enumerate(zip(mistakes, titles, strict=True)):
        first = number % per_row * len(names)
        for column, name in enumerate(names, start=first):
            axes = grid[number // per_row, column]
            axes.set_visible(True)
            draw_mistake(axes, clip, name, limits[name])
        grid[number // per_row, first].set_title(title, fontsize=8, loc="left")
    return save_pair(figure, stem)


def draw_mistake(axes: Axes, clip: Mistake, channel: str, limits: tuple[float, float]) -> None:
    """One channel of a clip under its veil."""
    image = channels(clip.features)[channel]
    draw_panel(axes, image, limits, clip.start_seconds)
    if clip.heat:
        heat = next(iter(clip.heat.values())).astype(np.float32)
        extent = (*axes.get_xlim(), *axes.get_ylim())
        axes.imshow(heat, origin="lower", aspect="auto", extent=extent, cmap=GREYING, vmin=0, vmax=1)
        for line in outlines(heat):
            for color, width in (("black", 2.2), ("white", 1.0)):
                axes.plot(*line.T, color=color, linewidth=width, transform=axes.transAxes, clip_on=False)
    axes.tick_params(**SMALL)
    axes.set_xlabel("time in s", fontsize=8)
    axes.yaxis.label.set_fontsize(8)
