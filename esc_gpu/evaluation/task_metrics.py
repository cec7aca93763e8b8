"""The metrics of a trained fold, by its task."""

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL
from esc_gpu.evaluation import metrics, multi_label


class TaskMetrics(NamedTuple):
    """Of one task.

    Attributes:
        evaluate: from logits and labels to the metrics of a fold.
        summarize: from the folds' metrics to those of the run.
        scalars: names of the numbers that stand for a fold.
        keys: of all that `evaluate` gives besides.
    """

    evaluate: Callable[[Tensor, Tensor], dict[str, Any]]
    summarize: Callable[[list[dict[str, Any]]], dict[str, Any]]
    scalars: tuple[str, ...]
    keys: tuple[str, ...]


TASK_METRICS = {
    SINGLE_LABEL: TaskMetrics(
        metrics.evaluate, metrics.summarize, metrics.SCALARS, ("clips", "recall", "confusion_matrix")
    ),
    MULTI_LABEL: TaskMetrics(
        multi_label.evaluate, multi_label.summarize, multi_label.SCORES, ("clips", "threshold", "average_precision")
    ),
}
