"""The pictures of an evaluation and of a comparison of runs with several labels a clip, each as PNG and as PDF."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from esc_gpu.report.figures.evaluation import COLOURS, GREY, draw_runs
from esc_gpu.report.figures.save import save_pair
from esc_gpu.report.tables import counted, readable


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


def plot_map_comparison(stem: Path, comparison: dict[str, Any]) -> list[Path]:
    """Each run's mean average precision with its interval and its folds."""
    rows = comparison["rows"]
    figure = Figure(figsize=(8.5, 1.7 + 0.45 * len(rows)), layout="constrained")
    axes = figure.subplots()
    draw_runs(axes, rows, "map", "fold_maps")
    axes.set_xlabel("mean average precision in percent")
    axes.grid(axis="x", alpha=0.4)
    axes.set_axisbelow(True)
    axes.set_title(f"{counted(comparison['clips'], 'clip')}; dots: test folds", fontsize=9)
    return save_pair(figure, stem)
