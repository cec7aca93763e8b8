"""From logits and labels to metrics (torchmetrics), for a fold and over the folds."""

import statistics
from typing import Any

import torch
from torch import Tensor
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_confusion_matrix,
    multiclass_f1_score,
    multiclass_precision,
    multiclass_recall,
)

SCALARS = ("accuracy", "macro_f1", "top3_accuracy")
SCORES = ("accuracy", "balanced_accuracy", "macro_f1", "top3_accuracy")


def evaluate(logits: Tensor, labels: Tensor) -> dict[str, Any]:
    """Metrics of `(n, K)` logits against `(n,)` labels, in `[0, 1]`.

    Returns:
        accuracy, macro_f1, top3_accuracy (top-K for K < 3), recall (one a class) and
        confusion_matrix (`[true][predicted]` clips).
    """
    num_classes = logits.shape[1]
    return {
        "clips": len(labels),
        "accuracy": multiclass_accuracy(logits, labels, num_classes, average="micro").item(),
        "macro_f1": multiclass_f1_score(logits, labels, num_classes, average="macro").item(),
        "top3_accuracy": top_k_accuracy(logits, labels, 3),
        "recall": multiclass_recall(logits, labels, num_classes, average="none").tolist(),
        "confusion_matrix": multiclass_confusion_matrix(logits, labels, num_classes).tolist(),
    }


def summarize(folds: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation of the folds' metrics, and the confusion matrix of all their clips."""
    summary: dict[str, Any] = {}
    for name in SCALARS:
        summary[name] = mean_and_std([fold[name] for fold in folds])
    matrix = torch.tensor([fold["confusion_matrix"] for fold in folds]).sum(dim=0)
    summary["clips"] = int(matrix.sum())
    summary["recall"] = (matrix.diagonal() / matrix.sum(dim=1).clamp_min(1)).tolist()
    summary["confusion_matrix"] = matrix.tolist()
    return summary


def mean_and_std(values: list[float]) -> dict[str, float | None]:
    """Mean, and the standard deviation with n - 1 in the denominator; that of a single value is None."""
    return {"mean": statistics.fmean(values), "std": statistics.stdev(values) if len(values) > 1 else None}


def scores(probabilities: Tensor, labels: Tensor) -> dict[str, float]:
    """The `SCORES` of `(n, K)` probabilities against `(n,)` labels, n at least 1; of equal ones the first class leads.

    Returns:
        accuracy; balanced_accuracy, the mean recall of the classes that have clips; macro_f1, the mean F1 of the
        classes that have clips or predictions; top3_accuracy.
    """
    num_classes = probabilities.shape[1]
    predictions = probabilities.argmax(dim=1)
    recall = multiclass_recall(predictions, labels, num_classes, average="none")
    # Not average="macro", which counts a class without clips as a recall of 0 when it is predicted.
    present = labels.bincount(minlength=num_classes) > 0
    return {
        "accuracy": multiclass_accuracy(predictions, labels, num_classes, average="micro").item(),
        "balanced_accuracy": recall[present].mean().item(),
        "macro_f1": multiclass_f1_score(predictions, labels, num_classes, average="macro").item(),
        "top3_accuracy": top_k_accuracy(probabilities, labels, 3),
    }


def top_k_accuracy(scores: Tensor, labels: Tensor, k: int) -> float:
    """Share of the clips whose class is among the k likeliest; of equally likely classes the first is ahead.

    torchmetrics leaves the order of equal ones to `torch.topk`, which has none, and they are no exception: in bfloat16
    logits are often equal. By this rule k = 1 is the accuracy.

    Args:
        scores: `(n, K)` logits or probabilities; with K under k the share is 1.
        labels: `(n,)` int64.
        k: 1 or more.
    """
    order = scores.argsort(dim=1, descending=True, stable=True)
    return (order[:, :k] == labels[:, None]).any(dim=1).double().mean().item()


def class_scores(predictions: Tensor, labels: Tensor, num_classes: int) -> dict[str, list[float]]:
    """Precision, recall and F1 of each class; 0 where a denominator is: no clips, or no predictions, of the class."""
    metrics = {"precision": multiclass_precision, "recall": multiclass_recall, "f1": multiclass_f1_score}
    return {name: metric(predictions, labels, num_classes, average="none").tolist() for name, metric in metrics.items()}


def confusion_matrix(predictions: Tensor, labels: Tensor, num_classes: int) -> list[list[int]]:
    """Number of clips, `[true][predicted]`."""
    return multiclass_confusion_matrix(predictions, labels, num_classes).tolist()
