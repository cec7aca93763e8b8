"""The figures of the Markdown report that no other command draws, each as PNG and as PDF."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import color_sequences
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.report.contents import FoldMap, Mistake
from esc_gpu.report.figures.panels import draw_panel, value_limits
from esc_gpu.report.figures.save import save_pair
from esc_gpu.report.page.charts import channels
from esc_gpu.report.page.images import VEIL, VEIL_OPACITY
from esc_gpu.report.tables import readable

SMALL: dict[str, Any] = {"labelsize": 7.5}
MARKERS = "os^Dv"  # once the colours are used up
GREYING = ListedColormap(
    [(*(part / 255 for part in VEIL), VEIL_OPACITY * (1 - heat)) for heat in np.linspace(0, 1, 256)]
)


def plot_fold_curves(stem: Path, histories: Mapping[int, Sequence[Mapping[str, float]]]) -> list[Path]:
    """Loss and test accuracy over the epochs, a line a fold."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    for number, (fold, history) in enumerate(histories.items()):
        color, tested = f"C{number % 10}", [record for record in history if "test_loss" in record]
        epochs = [record["epoch"] for record in tested]
        loss.plot([r["epoch"] for r in history], [r["loss"] for r in history], color=color, label=f"fold {fold}")
        loss.plot(epochs, [record["test_loss"] for record in tested], "o:", color=color, markersize=3)
        accuracy.plot(epochs, [100 * record["test_accuracy"] for record in tested], "o-", color=color, markersize=3)
    loss.set(ylabel="cross-entropy: training (lines), test (dots)", ylim=(0, None))
    loss.legend(fontsize=8, frameon=False)
    accuracy.set(ylabel="test accuracy in %", ylim=(0, 100))
    for axes in (loss, accuracy):
        axes.set(xlabel="epoch", xlim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    return save_pair(figure, stem)


def plot_maps(stem: Path, maps: Sequence[FoldMap], run: RunResults) -> list[Path]:
    """The embeddings of each fold's test clips in the plane; mistakes are ringed."""
    columns = min(3, len(maps))
    rows = -(-len(maps) // columns)
    n_legend = -(-len(run.class_names) // 5)
    figure = Figure(figsize=(3.4 * columns + 1, 3.2 * rows + 0.5 + 0.2 * n_legend), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    palette = color_sequences["tab10"]
    for axes, part in zip(grid, maps, strict=False):
        for label in np.unique(run.labels[part.rows]).tolist():
            mine = part.points[run.labels[part.rows] == label]
            color, marker = palette[label % 10], MARKERS[label // 10 % len(MARKERS)]
            axes.scatter(*mine.T, s=22, color=color, marker=marker, label=readable(run.class_names[label]))
        wrong = part.points[run.labels[part.rows] != run.predictions[part.rows]]
        axes.scatter(*wrong.T, s=60, facecolors="none", edgecolors="black", linewidths=0.9)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"test fold {part.fold}", fontsize=9)
    for axes in grid[len(maps) :]:
        axes.set_visible(False)
    handles = {label: handle for axes in grid for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    return save_pair(figure, stem)


def plot_mistakes(stem: Path, mistakes: Sequence[Mistake], run: RunResults) -> list[Path]:
    """Features of misclassified clips, a row a clip and a column a channel; grey over what does not speak for the class
    that was predicted."""
    names = list(channels(mistakes[0].features))
    per_row = max(1, 3 // len(names))  # clips
    rows, columns = -(-len(mistakes) // per_row), per_row * len(names)
    figure = Figure(figsize=(3.7 * columns, 2.1 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    limits = {name: value_limits([channels(clip.features)[name] for clip in mistakes]) for name in names}
    for axes in grid.flat:
        axes.set_visible(False)
    for number, clip in enumerate(mistakes):
        first = number % per_row * len(names)
        for axes, name in zip(grid[number // per_row, first:], names, strict=False):
            axes.set_visible(True)
            draw_mistake(axes, clip, name, limits[name])
        true, predicted = (readable(run.class_names[labels[clip.row]]) for labels in (run.labels, run.predictions))
        title = (
            f"{true} taken for {predicted} ({100 * run.probabilities[clip.row].max():.0f} %)\n{run.filenames[clip.row]}"
        )
        grid[number // per_row, first].set_title(title, fontsize=8, loc="left")
    return save_pair(figure, stem)


def draw_mistake(axes: Axes, clip: Mistake, channel: str, limits: tuple[float, float]) -> None:
    """One channel of a clip under its veil."""
    image = channels(clip.features)[channel]
    draw_panel(axes, image, limits, clip.start_seconds)
    if "predicted" in clip.heat:
        heat = clip.heat["predicted"].astype(np.float32)
        extent = (*axes.get_xlim(), *axes.get_ylim())
        axes.imshow(heat, origin="lower", aspect="auto", extent=extent, cmap=GREYING, vmin=0, vmax=1)
    axes.tick_params(**SMALL)
    axes.set_xlabel("time in s", fontsize=8)
    axes.yaxis.label.set_fontsize(8)
