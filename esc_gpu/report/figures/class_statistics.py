"""Pictures of what tells classes apart: each class's mean feature, Fisher's ratio of the bins, the ranking."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from esc_gpu.frontends.axes import ChannelAxis
from esc_gpu.report.figures.features import SMALL, save_figure
from esc_gpu.report.figures.panels import CURVE, FILL, STEPS, bin_ticks, hertz
from esc_gpu.report.tables import readable

GREY = "0.45"
LINEAR_CEPSTRUM = 10.0  # dB; cepstra are drawn on a linear axis up to this, on a logarithmic one beyond


def draw_class_means(
    title: str,
    axis: ChannelAxis,
    means: np.ndarray,
    spreads: np.ndarray,
    fisher: np.ndarray,
    class_names: Sequence[str],
) -> Figure:
    """Mean and spread of one channel of a feature, class by class, and Fisher's ratio of its bins.

    Args:
        axis: names and units of the F bins.
        means, spreads: (K, F) mean and standard deviation over the frames of each class.
        fisher: (F,) ratio of each bin.
    """
    names = list(readable(class_names).values())
    if axis.bin_unit == "feature":
        figure = draw_descriptor(axis, means[:, 0], spreads[:, 0], names)
        title = f"{title}: mean ± standard deviation over the frames of each class; Fisher's ratio {fisher[0]:.2f}"
    else:
        figure = draw_spectra(axis, means, spreads, fisher, names)
        title = f"{title}: mean ± standard deviation over the frames of each class"
    figure.suptitle(title, fontsize=11, parse_math=False)
    return figure


def draw_spectra(
    axis: ChannelAxis, means: np.ndarray, spreads: np.ndarray, fisher: np.ndarray, names: Sequence[str]
) -> Figure:
    """A panel a class with the mean of all classes behind it; below, Fisher's ratio over the same bins."""
    num_classes, columns = len(names), 5 if len(names) <= 20 else 10
    rows = -(-num_classes // columns)
    figure = Figure(figsize=(0.8 + 2.5 * columns, 2.7 + 1.75 * rows), layout="constrained")
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[*[1.0] * rows, 1.1])
    bins = np.arange(means.shape[1])
    low, high = (means - spreads).min(), (means + spreads).max()
    margin = 0.05 * max(high - low, 1e-6)
    for number, name in enumerate(names):
        axes = figure.add_subplot(grid[number // columns, number % columns])
        axes.plot(bins, means.mean(axis=0), color=GREY, linewidth=0.9, linestyle="--", label="mean of all classes")
        draw_band(axes, bins, means[number], spreads[number])
        axes.set_ylim(low - margin, high + margin)
        axes.set_title(name, fontsize=9, fontweight="bold", parse_math=False)
        label_bins(axes, axis)
        if axis.bin_unit == "coefficient":  # the first ones are many times the others
            axes.set_yscale("symlog", linthresh=LINEAR_CEPSTRUM)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
        axes.tick_params(labelleft=number % columns == 0, labelbottom=number + columns >= num_classes)
        if number % columns == 0:
            axes.set_ylabel(axis.value_unit, fontsize=8.5)
        if number == 0:
            axes.legend(fontsize=6.5, frameon=False, borderaxespad=0.1)
    below = figure.add_subplot(grid[rows, :])
    below.stairs(
        np.where(np.isfinite(fisher), fisher, np.nan), np.arange(len(fisher) + 1) - 0.5, color=CURVE, fill=True
    )
    below.set_ylim(0, None)
    below.set_ylabel("Fisher's ratio", fontsize=8.5)
    below.set_xlabel(axis.bin_unit, fontsize=8.5)
    label_bins(below, axis)
    return figure


def draw_band(axes: Axes, bins: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> None:
    """A mean with a band of one standard deviation to either side."""
    axes.fill_between(bins, mean - spread, mean + spread, color=FILL, alpha=0.6, linewidth=0)
    axes.plot(bins, mean, color=CURVE, linewidth=1.2)


def label_bins(axes: Axes, axis: ChannelAxis) -> None:
    """Bins along x, named as on the images' y axis."""
    axes.set_xlim(-0.5, len(axis.frequencies) - 0.5)
    axes.set_xticks(*bin_ticks(axis.frequencies, axis.bin_unit))
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=STEPS))
    axes.grid(alpha=0.3)
    axes.tick_params(**SMALL)


def draw_descriptor(axis: ChannelAxis, means: np.ndarray, spreads: np.ndarray, names: Sequence[str]) -> Figure:
    """A line a class, from the lowest mean up."""
    order = np.argsort(means, kind="stable")
    figure = Figure(figsize=(8.5, 1.3 + 0.3 * len(names)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(names))
    axes.errorbar(means[order], places, xerr=spreads[order], fmt="o", color=CURVE, ecolor=FILL, elinewidth=4)
    axes.axvline(means.mean(), color=GREY, linewidth=0.9, linestyle="--", label="mean of all classes")
    axes.set_yticks(places, [names[k] for k in order], fontsize=9)
    axes.set_xlabel(axis.value_unit or axis.name)
    if axis.value_unit == "Hz":
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: hertz(value)))
    axes.grid(axis="x", alpha=0.3)
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    return figure


def plot_ranking(path: Path, ranking: Sequence[dict[str, Any]], n_answers: int, title: str) -> None:
    """Bars of the measures of `esc_gpu.experiment.feature_study.rank`, the best feature on top.

    A measure that is not defined is left out. Guessing is right once in `n_answers`.
    """
    measures = [
        ("balanced accuracy of a linear discriminant in %", [100 * row["balanced_accuracy"] for row in ranking], 1),
        ("silhouette, from −1 to 1", [row["silhouette"] for row in ranking], 3),
        ("Fisher's ratio, mean over the bins", [row["fisher_mean"] for row in ranking], 2),
    ]
    measures = [measure for measure in measures if None not in measure[1]]
    figure = Figure(figsize=(4 * len(measures), 1.5 + 0.3 * len(ranking)), layout="constrained")
    figure.suptitle(title, fontsize=11, parse_math=False)
    panels = figure.subplots(1, len(measures), sharey=True)
    places = np.arange(len(ranking))
    for axes, (label, values, digits) in zip(panels, measures, strict=True):
        bars = axes.barh(places, np.nan_to_num(values, posinf=0), color=CURVE, height=0.7)
        numbers = [f"{value:.{digits}f}".replace("-", "−") for value in values]
        axes.bar_label(bars, numbers, padding=3, fontsize=8)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.margins(x=0.16)
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
        axes.grid(axis="x", alpha=0.3)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(label)
    accuracy = panels[0]
    accuracy.set_yticks(places, [row["name"] for row in ranking], fontsize=9, parse_math=False)
    accuracy.set_ylim(len(ranking) - 0.4, -0.6)
    accuracy.axvline(100 / n_answers, color="#d1495b", linestyle="--", label="guessing")
    accuracy.legend(fontsize=8, frameon=False, loc="lower right")
    save_figure(figure, path)
