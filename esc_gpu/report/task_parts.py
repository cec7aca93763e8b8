"""What the reports of a run show of its classification, by its task: the list of the parts of each."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL
from esc_gpu.report import evaluation_tables, several_labels_tables
from esc_gpu.report.contents import RunReport
from esc_gpu.report.figures.evaluation import plot_confusion_by_category, plot_per_class, plot_reliability
from esc_gpu.report.figures.several_labels import (
    plot_average_precisions,
    plot_label_reliability,
    plot_precision_recall,
)
from esc_gpu.report.tables import Table


class Picture(NamedTuple):
    """A figure of the Markdown report: the name of its files, what is under it, and what draws it to a stem."""

    name: str
    caption: str
    draw: Callable[[Path, RunReport], object]


class TaskParts(NamedTuple):
    """Of one task: the titles of its scores, its tables, and its pictures in the order of the document."""

    metrics: Mapping[str, str]
    tables: Callable[[dict[str, Any]], list[Table]]
    pictures: tuple[Picture, ...]


TASK_PARTS = {
    SINGLE_LABEL: TaskParts(
        evaluation_tables.METRICS,
        evaluation_tables.evaluation_tables,
        (
            Picture(
                "confusion",
                "Confusion matrix: rows are true classes, columns are predicted classes",
                lambda stem, report: plot_confusion_by_category(stem, report.assessment),
            ),
            Picture(
                "per_class",
                "F1, precision and recall of each class",
                lambda stem, report: plot_per_class(stem, report.assessment),
            ),
            Picture(
                "reliability",
                "Accuracy against the probability of the predicted class",
                lambda stem, report: plot_reliability(stem, report.assessment),
            ),
        ),
    ),
    MULTI_LABEL: TaskParts(
        several_labels_tables.METRICS,
        several_labels_tables.evaluation_tables,
        (
            Picture(
                "average_precision",
                "Average precision of each class with its 95 % interval, and the share of clips that have the class",
                lambda stem, report: plot_average_precisions(stem, report.assessment),
            ),
            Picture(
                "precision_recall",
                "Precision over recall of each class; dashed: the share of clips that have the class",
                lambda stem, report: plot_precision_recall(stem, report.run, report.assessment),
            ),
            Picture(
                "reliability",
                "Share of pairs of a clip and a class whose clip has the class, against the probability of the class",
                lambda stem, report: plot_label_reliability(stem, report.assessment),
            ),
        ),
    ),
}
