"""The pictures of an evaluation and of a comparison of runs with several labels a clip, each as PNG and as PDF."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from esc_gpu.evaluation.decisions import decide
from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.evaluation.precision_recall import precision_recall
from esc_gpu.report.figures.evaluation import COLOURS, GREY, draw_runs
from esc_gpu.report.figures.save import save_pair
from esc_gpu.report.tables import counted, percent, readable

PANELS_A_ROW, MOST_PANELS = 5, 30


def plot_average_precisions(stem: Path, evaluation: dict[str, Any]) -> list[Path]:
    """The average precision of each class with its interval, the best on top, and beside it the class's frequency."""
    known = [entry for entry in evaluation["per_class"] if entry["average_precision"] is not None]
    classes = sorted(known, key=lambda entry: entry["average_precision"])
    shown = readable(entry["name"] for entry in classes)
    figure = Figure(figsize=(7.5, 1.7 + 0.27 * len(classes)), layout="constrained")
    axes = figure.subplots()
    for number, entry in enumerate(classes):
        if entry["interval"]:
            ends = [100 * entry["interval"][end] for end in ("low", "high")]
            axes.plot(ends, [number] * 2, color=COLOURS[0], linewidth=2)
    values, priors = (
        100 * np.array(numbers)
        for numbers in (
            [entry["average_precision"] for entry in classes],
            [entry["support"] / evaluation["clips"] for entry in classes],
        )
    )
    rows = np.arange(len(classes))
    axes.plot(values, rows, "D", color=COLOURS[0], markersize=6, label="average precision, 95 % interval")
    axes.plot(priors, rows, "|", color=GREY, markersize=10, label="share of the clips: guessing")
    axes.set_yticks(rows, [f"{shown[entry['name']]} ({entry['support']})" for entry in classes], fontsize=9)
    axes.set(xlabel="percent", xlim=(0, 101), ylim=(-0.6, len(classes) - 0.4))
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False, fontsize=9)
    return save_pair(figure, stem)


def plot_precision_recall(stem: Path, run: RunResults, evaluation: dict[str, Any]) -> list[Path]:
    """Precision over recall of each class, the lowest average precision first, and the share of its clips, dashed.

    A dot is where the threshold is; a class that is never heard has none. Of many classes, only the first and the last
    are drawn.
    """
    per_class = evaluation["per_class"]
    heard = set(np.flatnonzero(decide(run, evaluation).called.any(axis=0)).tolist())
    ranked = [label for label, entry in enumerate(per_class) if entry["average_precision"] is not None]
    ranked.sort(key=lambda label: per_class[label]["average_precision"])
    if len(ranked) > MOST_PANELS:
        ranked = [*ranked[: MOST_PANELS // 2], *ranked[-(MOST_PANELS // 2) :]]
    rows = -(-len(ranked) // PANELS_A_ROW)
    shown = list(readable(run.class_names).values())
    figure = Figure(figsize=(2.2 * PANELS_A_ROW, 0.5 + 1.9 * rows), layout="constrained")
    grid = figure.subplots(rows, PANELS_A_ROW, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in grid[len(ranked) :]:
        axes.set_visible(False)
    for axes, label in zip(grid, ranked, strict=False):
        entry, steps = per_class[label], precision_recall(run.probabilities[:, label], run.labels[:, label])
        recall, precision = [0, *steps.recall], [steps.precision[0], *steps.precision]
        axes.plot(*(100 * np.array([recall, precision])), drawstyle="steps-pre", color=COLOURS[0], linewidth=1.5)
        axes.axhline(100 * entry["support"] / len(run.labels), color=GREY, linewidth=1, linestyle="--")
        if label in heard:
            axes.plot(100 * entry["recall"], 100 * entry["precision"], "o", color="black", markersize=4, clip_on=False)
        axes.set_title(f"{shown[label]}: {100 * entry['average_precision']:.1f} %", fontsize=8.5)
        axes.set(xlim=(0, 100), ylim=(0, 100))
        axes.tick_params(labelsize=7.5)
        axes.grid(alpha=0.3)
    figure.supxlabel("recall in percent", fontsize=9)
    figure.supylabel("precision in percent", fontsize=9)
    return save_pair(figure, stem)


def plot_label_reliability(stem: Path, evaluation: dict[str, Any]) -> list[Path]:
    """The share of pairs whose clip has the class against the probability of the class, and how many pairs there are
    in each bin."""
    found = evaluation["calibration"]
    bins = [bin for bin in found["bins"] if bin["count"]]
    low, confidence, share, count = (
        np.array([bin[key] for bin in bins]) for key in ("low", "confidence", "share", "count")
    )
    width = 1 / len(found["bins"])
    figure = Figure(figsize=(5.4, 6.4), layout="constrained")
    shares, pairs = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    shares.bar(low, share, width, align="edge", color=COLOURS[0], alpha=0.45, edgecolor="white", label="share")
    shares.hlines(confidence, low, low + width, color=COLOURS[1], linewidth=2.5, label="mean probability")
    shares.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1, label="as sure as right")
    shares.set(ylabel="share of pairs whose clip has the class", ylim=(0, 1.005), xlim=(0, 1))
    pairs.bar(low, count, width, align="edge", color="0.7", edgecolor="white")
    for left, number in zip(low + width / 2, count, strict=True):
        pairs.annotate(str(number), (left, number), (0, 2), textcoords="offset points", ha="center", fontsize=7)
    pairs.set(xlabel="probability of the class", ylabel="pairs", ylim=(0, 1.18 * count.max()))
    for axes in (shares, pairs):
        axes.grid(axis="y", alpha=0.3)
        axes.set_axisbelow(True)
    title = f"ECE {percent(found['ece'])} %, MCE {percent(found['mce'])} %"
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9, title=title)
    return save_pair(figure, stem)


def plot_map_comparison(stem: Path, comparison: dict[str, Any]) -> list[Path]:
    """Each run's mean average precision with its interval and its folds."""
    rows = comparison["rows"]
    figure = Figure(figsize=(8.5, 1.7 + 0.45 * len(rows)), layout="constrained")
    axes = figure.subplots()
    draw_runs(axes, rows, "map", "fold_maps")
    axes.set_xlabel("mean average precision in percent")
    axes.grid(axis="x", alpha=0.4)
    axes.set_axisbelow(True)
    marks = "line: 95 % interval" + ("; dots: test folds" if len(rows[0]["fold_maps"]) > 1 else "")
    axes.set_title(f"{counted(comparison['clips'], 'clip')}; {marks}", fontsize=9)
    return save_pair(figure, stem)
