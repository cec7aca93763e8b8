"""The pictures of an evaluation and of a comparison of runs, each as PNG and as PDF."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from esc_gpu.core.folds import the_fold
from esc_gpu.evaluation.published import HUMANS, NONE
from esc_gpu.report.figures.confusion import draw_confusion
from esc_gpu.report.figures.save import save_pair
from esc_gpu.report.tables import counted, percent, readable

# Okabe & Ito's colours, which the colour-blind can tell apart, dark enough for text
COLOURS = ("#0072B2", "#C04A00", "#007A5A", "#A8528A", "#7A6A00", "#3A3A3A")
GREY = "0.45"


def plot_confusion_by_category(stem: Path, evaluation: dict[str, Any]) -> list[Path]:
    """The confusion matrix; lines part the categories, whose colours the names have."""
    counts = np.array(evaluation["confusion_matrix"])
    classes = evaluation["per_class"]
    num_classes = len(classes)
    size = 2.6 + 0.5 * min(num_classes, 10) + 0.21 * max(num_classes - 10, 0)
    small = 9 if num_classes <= 20 else 8
    figure = Figure(figsize=(size + 1, size + 0.3), layout="constrained")
    axes = figure.subplots()
    image = draw_confusion(axes, counts, [entry["name"] for entry in classes], small, gamma=0.6, dark=0.35)
    axes.set_title(f"{np.trace(counts):,} of {counts.sum():,} clips correct ({percent(evaluation['accuracy'])} %)")
    axes.set_xticks(np.arange(1, num_classes) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, num_classes) - 0.5, minor=True)
    axes.grid(which="minor", color="0.9", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    for number in range(1, num_classes):
        if classes[number]["category"] != classes[number - 1]["category"]:
            axes.axhline(number - 0.5, color=GREY, linewidth=0.9)
            axes.axvline(number - 0.5, color=GREY, linewidth=0.9)
    colours = category_colours(evaluation)
    for axis in (axes.xaxis, axes.yaxis):
        for label, entry in zip(axis.get_ticklabels(), classes, strict=True):
            label.set_color(colours[entry["category"]])
    add_category_legend(figure, colours, small)
    figure.colorbar(image, label="share of the true class", shrink=0.7, aspect=30)
    return save_pair(figure, stem)


def plot_reliability(stem: Path, evaluation: dict[str, Any]) -> list[Path]:
    """Accuracy, with its 95 % Wilson interval, against confidence in each bin, and how many clips are in it."""
    from scipy.stats import binomtest  # here: it takes half as long to load as torch

    calibration = evaluation["calibration"]
    bins = [bin for bin in calibration["bins"] if bin["count"]]
    low, confidence, accuracy, count = (
        np.array([bin[key] for bin in bins]) for key in ("low", "confidence", "accuracy", "count")
    )
    width = 1 / len(calibration["bins"])
    middle = low + width / 2
    # A clip is in the bins once for each seed, and no more evidence for that.
    clips_seen = np.round(count / len(evaluation["runs"])).clip(1).astype(int)
    limits = [
        binomtest(round(a * n), int(n)).proportion_ci(method="wilson")
        for a, n in zip(accuracy, clips_seen, strict=True)
    ]
    figure = Figure(figsize=(5.4, 6.4), layout="constrained")
    shares, clips = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    marks = [
        shares.bar(low, accuracy, width, align="edge", color=COLOURS[0], alpha=0.45, edgecolor="white"),
        shares.vlines(middle, *zip(*limits, strict=True), color=COLOURS[0], linewidth=1.2),
        shares.hlines(confidence, low, low + width, color=COLOURS[1], linewidth=2.5),
        *shares.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1),
    ]
    names = ["accuracy", "its 95 % interval", "mean confidence", "as sure as right"]
    shares.set(ylabel="share of correct clips", ylim=(0, 1.005), xlim=(0, 1))
    clips.bar(low, count, width, align="edge", color="0.7", edgecolor="white")
    for left, number in zip(middle, count, strict=True):
        clips.annotate(str(number), (left, number), (0, 2), textcoords="offset points", ha="center", fontsize=7)
    clips.set(xlabel="confidence: probability of the predicted class", ylabel="clips", ylim=(0, 1.18 * count.max()))
    for axes in (shares, clips):
        axes.grid(axis="y", alpha=0.3)
        axes.set_axisbelow(True)
    title = (
        f"ECE {percent(calibration['ece'])} %, MCE {percent(calibration['mce'])} %, "
        f"NLL {evaluation['nll']:.3f}, Brier {evaluation['brier']:.3f}"
    )
    figure.legend(marks, names, loc="outside upper center", ncols=2, frameon=False, fontsize=9, title=title)
    return save_pair(figure, stem)


def plot_per_class(stem: Path, evaluation: dict[str, Any]) -> list[Path]:
    """F1, precision and recall of each class, the best on top."""
    classes = sorted(evaluation["per_class"], key=lambda entry: entry["f1"])
    colours = category_colours(evaluation)
    rows = np.arange(len(classes))
    small = 9 if len(classes) <= 20 else 8
    figure = Figure(figsize=(7.5, 1.9 + 0.27 * len(classes)), layout="constrained")
    axes = figure.subplots()
    f1, precision, recall = (100 * np.array([entry[key] for entry in classes]) for key in ("f1", "precision", "recall"))
    axes.barh(rows, f1, height=0.7, color=[colours[entry["category"]] for entry in classes], alpha=0.35)
    axes.hlines(rows, precision, recall, color="0.3", linewidth=0.8)
    axes.plot(precision, rows, "o", markersize=4.5, color="black")
    axes.plot(recall, rows, "D", markersize=4.5, markerfacecolor="white", markeredgecolor="black", clip_on=False)
    shown = readable(entry["name"] for entry in classes)
    names = [shown[entry["name"]] + ("" if entry["support"] else " (no clips)") for entry in classes]
    axes.set_yticks(rows, names, fontsize=small)
    for label, entry in zip(axes.get_yticklabels(), classes, strict=True):
        label.set_color(colours[entry["category"]])
    axes.set(xlabel="percent", xlim=(0, 101), ylim=(-0.6, len(classes) - 0.4))
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    marks = [
        Patch(color=GREY, alpha=0.35, label="F1"),
        Line2D([], [], marker="o", linestyle="", color="black", markersize=4.5, label="precision"),
        Line2D(
            [], [], marker="D", linestyle="", color="black", markerfacecolor="white", markersize=4.5, label="recall"
        ),
    ]
    axes.legend(handles=marks, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False, fontsize=9)
    add_category_legend(figure, colours, 8)
    return save_pair(figure, stem)


def plot_comparison(stem: Path, comparison: dict[str, Any]) -> list[Path]:
    """Each run's accuracy with its interval and its folds; published results under them."""
    rows, published = comparison["rows"], comparison["references"][::-1]
    heights = [0.45 * len(rows) + 0.2, *[0.27 * len(published) + 0.2] * bool(published)]
    figure = Figure(figsize=(8.5, 1.5 + sum(heights)), layout="constrained")
    runs, *rest = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False).flat
    draw_runs(runs, rows, "accuracy", "fold_accuracies", [entry["accuracy"] for entry in published])
    for axes in rest:
        axes.plot(
            [100 * entry["accuracy"] for entry in published], range(len(published)), "s", color=GREY, markersize=5
        )
        axes.set_yticks(range(len(published)), [published_label(entry) for entry in published], fontsize=8, color="0.3")
        axes.set(ylim=(len(published) - 0.4, -0.6), ylabel="published")
        for number, entry in enumerate(published):
            label_right(axes, number, entry["accuracy"])
    (rest or [runs])[-1].set(xlabel="accuracy in percent")
    for axes in (runs, *rest):
        axes.xaxis.set_major_locator(MultipleLocator(10))
        axes.grid(axis="x", alpha=0.4)
        axes.set_axisbelow(True)
        for entry in published:
            if entry["name"] == HUMANS:
                axes.axvline(100 * entry["accuracy"], color=GREY, linewidth=1, linestyle="--")
    marks = [
        Line2D([], [], marker="D", color=COLOURS[0], linewidth=2.5, markersize=7, label="all clips, 95 % interval"),
        Line2D([], [], marker="o", linestyle="", color=COLOURS[1], alpha=0.7, markersize=5, label="a test fold"),
    ][: len(comparison["folds"])]
    folds = comparison["folds"]
    where = the_fold(folds[0]) if isinstance(folds[0], str) else counted(len(folds), "test fold")
    title = f"{counted(comparison['clips'], 'clip')}, {where}"
    figure.legend(handles=marks, loc="outside upper center", ncols=2, frameon=False, fontsize=9, title=title)
    return save_pair(figure, stem)


def draw_runs(
    axes: Axes, rows: Sequence[dict[str, Any]], score: str, fold_scores: str, others: Sequence[float] = ()
) -> None:
    """Each run's score with its interval and its folds in percent; the axis begins below these and `others`."""
    lowest = list(others)
    for number, row in enumerate(rows):
        low, high = (row["intervals"][score][end] for end in ("low", "high"))
        folds = row[fold_scores] if len(row[fold_scores]) > 1 else []
        lowest += [low, *folds]
        axes.plot([100 * low, 100 * high], [number] * 2, color=COLOURS[0], linewidth=2.5)
        axes.plot(100 * np.array(folds), [number + 0.22] * len(folds), "o", color=COLOURS[1], markersize=5, alpha=0.7)
        axes.plot(100 * row[score], number, "D", color=COLOURS[0], markersize=7)
        label_right(axes, number, row[score])
    axes.set_yticks(range(len(rows)), [row_label(row) for row in rows])
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlim=(10 * np.floor(10 * min(lowest)), 101))


def label_right(axes: Axes, height: float, share: float) -> None:
    """The number of a row, to the right of the axes."""
    place = axes.get_yaxis_transform()
    axes.text(1.01, height, percent(share), transform=place, va="center", fontsize=8, color="0.3")


def published_label(entry: dict[str, Any]) -> str:
    """The name of a published result, and what sets it apart from a training from scratch to its last epoch."""
    label = entry["name"]
    if entry["outside_data"] not in ("none", NONE):
        label += f", {entry['outside_data']} weights"
    return label + (", epoch chosen on the test fold" if entry["selected"] == "yes" else "")


def row_label(row: dict[str, Any]) -> str:
    """Name and, where there are several, how many seeds."""
    return row["name"] + (f"\n{len(row['seeds'])} seeds" if len(row["seeds"]) > 1 else "")


def category_colours(evaluation: dict[str, Any]) -> dict[str, str]:
    """A colour for each category, in their order; black where there is but one."""
    names = [category["name"] for category in evaluation["per_category"]]
    return {name: COLOURS[k % len(COLOURS)] if len(names) > 1 else "black" for k, name in enumerate(names)}


def add_category_legend(figure: Figure, colours: dict[str, str], fontsize: float) -> None:
    """What the colours stand for, under the figure."""
    if len(colours) > 1:
        patches = [Patch(color=colour, label=name) for name, colour in colours.items()]
        figure.legend(handles=patches, loc="outside lower center", ncols=2, frameon=False, fontsize=fontsize)
