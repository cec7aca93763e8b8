"""How well probabilities of several labels a clip fit the labels, by scikit-learn's metrics.

A class without clips has no average precision, and one that all clips have, or none, has no AUROC: a mean over the
classes leaves these out. A value that is not defined at all is None.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from esc_gpu.core.task import THRESHOLD
from esc_gpu.evaluation.metrics import mean_and_std

SCORES = ("map", "micro_ap", "auroc", "lwlrap", "macro_f1", "micro_f1")
THRESHOLDS = np.arange(1, 100) / 100  # that are tried


Threshold = float | np.ndarray  # for all, or `(n, 1)` of each clip


class Scored(Protocol):
    """Probabilities `(n, K)` of clips with the labels `(n, K)` bool, as of a run."""

    @property
    def probabilities(self) -> np.ndarray: ...
    @property
    def labels(self) -> np.ndarray: ...


def scores(probabilities: np.ndarray, labels: np.ndarray, threshold: Threshold = THRESHOLD) -> dict[str, float | None]:
    """The `SCORES` of `(n, K)` probabilities against `(n, K)` bool labels, n at least 1, all in `[0, 1]`.

    Returns:
        map, the mean of the classes' average precision; micro_ap, the average precision of all clips and classes in
        one ranking; auroc, the mean of the classes' area under the receiver operating characteristic; lwlrap,
        label-weighted label-ranking average precision, of the classes within each clip, each label having one weight
        (as in DCASE 2019, task 2); macro_f1 and micro_f1, where a class counts as present from `threshold` on.
    """
    from sklearn.metrics import average_precision_score, label_ranking_average_precision_score

    precisions, areas = average_precisions(probabilities, labels), aurocs(probabilities, labels)
    counts = labels.sum(axis=1)
    return {
        "map": mean_of(precisions),
        "micro_ap": float(average_precision_score(labels, probabilities, average="micro")) if labels.any() else None,
        "auroc": mean_of(areas),
        "lwlrap": float(label_ranking_average_precision_score(labels, probabilities, sample_weight=counts))
        if labels.any()
        else None,
        **f1_scores(probabilities >= threshold, labels),
    }


def average_precisions(probabilities: np.ndarray, labels: np.ndarray) -> list[float | None]:
    """The average precision of each class."""
    from sklearn.metrics import average_precision_score

    return [
        float(average_precision_score(true, probabilities[:, label])) if true.any() else None
        for label, true in enumerate(labels.T)
    ]


def aurocs(probabilities: np.ndarray, labels: np.ndarray) -> list[float | None]:
    """The area under the ROC of each class."""
    from sklearn.metrics import roc_auc_score

    return [
        float(roc_auc_score(true, probabilities[:, label])) if true.any() and not true.all() else None
        for label, true in enumerate(labels.T)
    ]


def label_precisions(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`(n,)` of each clip the sum over its labels of the share of labels among the classes that are as likely or more.

    lwlrap is their sum over the number of all labels.
    """
    sums = np.zeros(len(labels))
    for clip, label in np.argwhere(labels):
        ahead = probabilities[clip] >= probabilities[clip, label]
        sums[clip] += labels[clip][ahead].mean()
    return sums


def f1_scores(predicted: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """macro_f1, over the classes that have clips or predictions, and micro_f1, from bools `(n, K)`."""
    right, seen = (predicted & labels).sum(0), predicted.sum(0) + labels.sum(0)
    if not seen.any():
        return {"macro_f1": 0.0, "micro_f1": 0.0}
    macro = (2 * right[seen > 0] / seen[seen > 0]).mean()
    return {"macro_f1": float(macro), "micro_f1": float(2 * right.sum() / seen.sum())}


def class_scores(
    probabilities: np.ndarray, labels: np.ndarray, threshold: Threshold = THRESHOLD
) -> list[dict[str, float | None]]:
    """average_precision, auroc, and at the threshold precision, recall and f1 of each class; the last are 0 where a
    denominator is."""
    predicted = probabilities >= threshold
    right, found, true = ((predicted & labels).sum(0), predicted.sum(0), labels.sum(0))
    columns = {
        "average_precision": average_precisions(probabilities, labels),
        "auroc": aurocs(probabilities, labels),
        "precision": (right / found.clip(1)).tolist(),
        "recall": (right / true.clip(1)).tolist(),
        "f1": (2 * right / (found + true).clip(1)).tolist(),
    }
    return [{name: column[label] for name, column in columns.items()} for label in range(len(right))]


def best_threshold(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The threshold, in steps of 0.01, with the largest macro-F1; of equal ones, that closest to 0.5.

    It is chosen for these clips, so its scores on them say little: choose it on others than those that are tested.
    """

    def goodness(threshold: float) -> tuple[float, float]:
        # As good is what differs by the rounding of a sum only.
        return round(f1_scores(probabilities >= threshold, labels)["macro_f1"], 12), -abs(threshold - THRESHOLD)

    return float(max(THRESHOLDS, key=goodness))


def evaluate(logits: Tensor, labels: Tensor) -> dict[str, Any]:
    """Metrics of `(n, K)` logits against `(n, K)` bool labels: clips, the `SCORES` and each class's average precision.

    F1 is that at a threshold of 0.5.
    """
    probabilities, true = logits.double().sigmoid().numpy(), labels.numpy()
    return {
        "clips": len(true),
        **scores(probabilities, true),
        "threshold": THRESHOLD,
        "average_precision": average_precisions(probabilities, true),
    }


def summarize(folds: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation of the folds' metrics, and the mean average precision of each class over them."""
    summary: dict[str, Any] = {name: spread_of([fold[name] for fold in folds]) for name in SCORES}
    summary["clips"] = sum(fold["clips"] for fold in folds)
    summary["threshold"] = THRESHOLD
    by_fold = (fold["average_precision"] for fold in folds)
    summary["average_precision"] = list(map(lambda *of_class: mean_of(of_class), *by_fold))
    return summary


def prior_map(labels: np.ndarray) -> float:
    """The mAP of a model that says of each class how frequent it is, from `(n, K)` bools, some of which are true."""
    return float(labels.mean(axis=0)[labels.any(axis=0)].mean())


def mean_of(values: Sequence[float | None]) -> float | None:
    """The mean of those that are defined."""
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def spread_of(values: list[float | None]) -> dict[str, float | None]:
    """`mean` and `std` (n - 1; None for one value) of those that are defined; None for none."""
    defined = [value for value in values if value is not None]
    return mean_and_std(defined) if defined else {"mean": None, "std": None}
