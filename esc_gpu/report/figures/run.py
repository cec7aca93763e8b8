"""The pictures of a run, as PNG files."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from esc_gpu.report.figures.save import save

COLUMNS = 5


def plot_curves(path: Path, history: list[dict[str, float]], title: str) -> None:
    """Loss, test accuracy and learning rate over the epochs."""
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    loss, accuracy, rate = figure.subplots(1, 3)
    figure.suptitle(title)
    epochs = [record["epoch"] for record in history]
    tested = [record for record in history if "test_loss" in record]
    tested_epochs = [record["epoch"] for record in tested]
    loss.plot(epochs, [record["loss"] for record in history], label="training (augmented)")
    loss.plot(tested_epochs, [record["test_loss"] for record in tested], "o-", label="test")
    loss.set(ylabel="cross-entropy", ylim=(0, None))
    loss.legend()
    accuracy.plot(tested_epochs, [100 * record["test_accuracy"] for record in tested], "o-", color="C1")
    accuracy.set(ylabel="test accuracy in %", ylim=(0, 100))
    rate.plot(epochs, [record["lr"] for record in history], color="C2")
    rate.set(ylabel="learning rate at the epoch's end", ylim=(0, None))
    for axes in (loss, accuracy, rate):
        axes.set(xlabel="epoch", xlim=(0, epochs[-1] + 1))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    save(figure, path)


def plot_confusion(path: Path, matrix: list[list[int]], class_names: list[str]) -> None:
    """Confusion matrix: true classes down, predicted ones across, the counts in the cells."""
    counts = np.array(matrix)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 2.5 + 0.5 * min(len(class_names), 30)
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    names = [name.replace("_", " ") for name in class_names]
    small = 9 if len(names) <= 20 else 6
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor", fontsize=small)
    axes.set_yticks(range(len(names)), names, fontsize=small)
    axes.set(xlabel="predicted", ylabel="true", title=f"{np.trace(counts)} of {counts.sum()} clips right")
    for row, column in zip(*counts.nonzero(), strict=True):
        colour = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, counts[row, column], ha="center", va="center", color=colour, fontsize=small)
    figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.8)
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
    rows = -(-num_classes // COLUMNS)
    figure = Figure(figsize=(3 * COLUMNS, 0.6 + 2.2 * rows * n_channels), layout="constrained")
    grid = figure.subplots(rows * n_channels, COLUMNS, sharex=True, squeeze=False)
    for axes in grid.flat:
        axes.set_visible(False)
    ticks = np.linspace(0, n_bins - 1, 5).round().astype(int)
    for number, (clip, name) in enumerate(zip(images, class_names, strict=True)):
        for channel, image in enumerate(clip):
            axes = grid[number // COLUMNS * n_channels + channel, number % COLUMNS]
            axes.set_visible(True)
            mesh = axes.imshow(
                image,
                origin="lower",
                aspect="auto",
                extent=(times[0], times[-1], -0.5, n_bins - 0.5),
                vmin=-3,
                vmax=3,
                cmap="magma",
            )
            axes.yaxis.set_major_locator(FixedLocator(ticks.tolist()))
            axes.set_yticklabels([f"{bins[tick]:.0f}" for tick in ticks] if channel == 0 else [""] * len(ticks))
            axes.tick_params(labelsize=7)
            if channel == 0:
                axes.set_title(name.replace("_", " "), fontsize=10)
            if number % COLUMNS == 0:
                axes.set_ylabel(bin_unit if channel == 0 else f"channel {channel + 1}", fontsize=8)
            if channel == n_channels - 1:
                axes.set_xlabel("s", fontsize=8)
    figure.colorbar(mesh, ax=grid, label="standard deviations\nfrom the training mean", shrink=0.6)
    save(figure, path)
