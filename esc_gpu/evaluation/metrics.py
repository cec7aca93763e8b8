"""From logits and labels to metrics, for a fold and over the folds."""

import statistics
from typing import Any

import torch
from torch import Tensor

SCALARS = ("accuracy", "macro_f1", "top3_accuracy")
SCORES = ("accuracy", "balanced_accuracy", "macro_f1", "top3_accuracy")


def evaluate(logits: Tensor, labels: Tensor) -> dict[str, Any]:
    """Metrics of `(n, K)` logits against `(n,)` labels, in `[0, 1]`.

    Returns:
        accuracy, macro_f1, top3_accuracy (top-K for K < 3), recall (one a class) and
        confusion_matrix (`[true][predicted]` clips); balanced_accuracy where classes have different numbers of clips,
        or else it is the accuracy.
    """
    matrix = count_confusions(logits.argmax(dim=1), labels, logits.shape[1])
    return {
        "clips": len(labels),
        "accuracy": accuracy(matrix),
        "macro_f1": macro_f1(matrix),
        "top3_accuracy": top_k_accuracy(logits, labels, 3),
        **({"balanced_accuracy": balanced_accuracy(matrix)} if are_unequal(matrix) else {}),
        "recall": recall(matrix).tolist(),
        "confusion_matrix": matrix.tolist(),
    }


def summarize(folds: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation of the folds' metrics, and the confusion matrix of all their clips."""
    summary: dict[str, Any] = {}
    for name in SCALARS:
        summary[name] = mean_and_std([fold[name] for fold in folds])
    matrices = torch.tensor([fold["confusion_matrix"] for fold in folds])
    if any(map(are_unequal, matrices)):
        summary["balanced_accuracy"] = mean_and_std(list(map(balanced_accuracy, matrices)))
    matrix = matrices.sum(dim=0)
    summary["clips"] = int(matrix.sum())
    summary["recall"] = recall(matrix).tolist()
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
    matrix = count_confusions(probabilities.argmax(dim=1), labels, probabilities.shape[1])
    return {
        "accuracy": accuracy(matrix),
        "balanced_accuracy": balanced_accuracy(matrix),
        "macro_f1": macro_f1(matrix),
        "top3_accuracy": top_k_accuracy(probabilities, labels, 3),
    }


def top_k_accuracy(scores: Tensor, labels: Tensor, k: int) -> float:
    """Share of the clips whose class is among the k likeliest; of equally likely classes the first is ahead.

    `torch.topk` has no order of equal ones, and they are no exception: in bfloat16 logits are often equal. By this
    rule k = 1 is the accuracy.

    Args:
        scores: `(n, K)` logits or probabilities; with K under k the share is 1.
        labels: `(n,)` int64.
        k: 1 or more.
    """
    order = scores.argsort(descending=True, stable=True)
    return (order[:, :k] == labels[:, None]).any(dim=1).double().mean().item()


def class_scores(predictions: Tensor, labels: Tensor, num_classes: int) -> dict[str, list[float]]:
    """Precision, recall and F1 of each class; 0 where a denominator is: no clips, or no predictions, of the class."""
    matrix = count_confusions(predictions, labels, num_classes)
    metrics = {"precision": precision(matrix), "recall": recall(matrix), "f1": f1(matrix)}
    return {name: values.tolist() for name, values in metrics.items()}


def confusion_matrix(predictions: Tensor, labels: Tensor, num_classes: int) -> list[list[int]]:
    """Number of clips, `[true][predicted]`."""
    return count_confusions(predictions, labels, num_classes).tolist()


def count_confusions(predictions: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """`(n,)` int64 each → `(K, K)` int64, `[true, predicted]` clips."""
    return (labels * num_classes + predictions).bincount(minlength=num_classes**2).reshape(num_classes, num_classes)


def accuracy(matrix: Tensor) -> float:
    """Share of the clips on the diagonal of `count_confusions`."""
    return share(matrix.diagonal().sum(), matrix.sum()).item()


def balanced_accuracy(matrix: Tensor) -> float:
    """Mean recall of the classes that have clips, of one at least."""
    return recall(matrix)[matrix.sum(dim=1) > 0].mean().item()


def are_unequal(matrix: Tensor) -> bool:
    """Whether some class has more clips than another."""
    clips = matrix.sum(dim=1)
    return bool(clips.min() != clips.max())


def recall(matrix: Tensor) -> Tensor:
    """`(K,)`, the share of each class's clips that are found."""
    return share(matrix.diagonal(), matrix.sum(dim=1))


def precision(matrix: Tensor) -> Tensor:
    """`(K,)`, the share of each class's predictions that are right."""
    return share(matrix.diagonal(), matrix.sum(dim=0))


def f1(matrix: Tensor) -> Tensor:
    """`(K,)`, the harmonic mean of precision and recall."""
    return share(2 * matrix.diagonal(), matrix.sum(dim=0) + matrix.sum(dim=1))


def macro_f1(matrix: Tensor) -> float:
    """Mean F1 of the classes that have clips or predictions."""
    weights = (matrix.sum(dim=0) + matrix.sum(dim=1) > 0).float()
    return (weights * f1(matrix) / weights.sum()).sum().item()


def share(part: Tensor, whole: Tensor) -> Tensor:
    """The quotient of two counts, float32; 0 where the whole is."""
    return part.float() / whole.clamp_min(1)
