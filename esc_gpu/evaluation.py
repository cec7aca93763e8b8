"""From logits and labels to metrics (torchmetrics), for a fold and over the folds."""

import statistics

import torch
from torch import Tensor
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_confusion_matrix,
    multiclass_f1_score,
    multiclass_recall,
)

SCALARS = ("accuracy", "macro_f1", "top3_accuracy")


def evaluate(logits: Tensor, labels: Tensor) -> dict[str, object]:
    """Metrics of `(n, K)` logits against `(n,)` labels, in `[0, 1]`.

    Returns:
        accuracy, macro_f1, top3_accuracy (top-K for K < 3), recall (one a class) and
        confusion_matrix (`[true][predicted]` clips).
    """
    n_classes = logits.shape[1]
    top3 = multiclass_accuracy(logits, labels, n_classes, average="micro", top_k=min(3, n_classes))
    return {
        "clips": len(labels),
        "accuracy": multiclass_accuracy(logits, labels, n_classes, average="micro").item(),
        "macro_f1": multiclass_f1_score(logits, labels, n_classes, average="macro").item(),
        "top3_accuracy": top3.item(),
        "recall": multiclass_recall(logits, labels, n_classes, average="none").tolist(),
        "confusion_matrix": multiclass_confusion_matrix(logits, labels, n_classes).tolist(),
    }


def average_over_windows(logits: Tensor, recordings: Tensor) -> Tensor:
    """`(windows, K)` → `(recordings, K)`: the logarithm of the mean probabilities of each recording's windows.

    Args:
        logits: of the windows.
        recordings: `(windows,)` int64, the recording of each; the result is in ascending order of them.
    """
    numbers, position = recordings.unique(return_inverse=True)
    if len(numbers) == len(logits):
        return logits[recordings.argsort()]
    windows = position.bincount()[:, None]
    probabilities = logits.new_zeros(len(numbers), logits.shape[1], dtype=torch.float64)
    probabilities.index_add_(0, position, logits.double().softmax(dim=1))
    # A class that no window thinks possible: the floor keeps the loss finite.
    return (probabilities / windows).clamp_min(torch.finfo(torch.float64).tiny).log().float()


def summarize(folds: list[dict[str, object]]) -> dict[str, object]:
    """Mean and standard deviation of the folds' metrics, and the confusion matrix of all their clips."""
    summary: dict[str, object] = {}
    for name in SCALARS:
        values = [fold[name] for fold in folds]
        spread = statistics.stdev(values) if len(values) > 1 else None
        summary[name] = {"mean": statistics.fmean(values), "std": spread}
    matrix = torch.tensor([fold["confusion_matrix"] for fold in folds]).sum(dim=0)
    summary["clips"] = int(matrix.sum())
    summary["recall"] = (matrix.diagonal() / matrix.sum(dim=1).clamp_min(1)).tolist()
    summary["confusion_matrix"] = matrix.tolist()
    return summary
