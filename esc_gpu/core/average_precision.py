"""Average precision, the area under the curve of precision over recall, with weights of the clips."""

import numpy as np


def average_precision(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision of one ranking, for each row of weights: scikit-learn's `average_precision_score`.

    It is the sum over the positive clips, by weight, of the precision among the clips that score as high or higher.

    Args:
        scores: `(n,)`.
        positive: `(n,)` bool.
        weights: `(m, n)` of the clips, 0 or more, as how often each was drawn.

    Returns:
        `(m,)`; NaN where no positive clip has a weight.
    """
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], np.flatnonzero(positive[order])
    weights = weights[:, order].astype(np.float64)
    # Clips that score alike are one step of the curve: of each positive clip, the last that scores as it does.
    last = np.searchsorted(-ordered, -ordered[hits], side="right") - 1
    of_hits = weights[:, hits]
    sums = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(of_hits, axis=1)], axis=1)
    found = sums[:, np.searchsorted(hits, last, side="right")]
    seen = np.cumsum(weights, axis=1)[:, last]
    total = sums[:, -1]
    precision = found / np.where(seen > 0, seen, 1)
    return np.where(total > 0, (of_hits * precision).sum(axis=1) / np.where(total > 0, total, 1), np.nan)


def mean_average_precision(scores: np.ndarray, positive: np.ndarray) -> float:
    """The mean over the classes that have clips, of scores and bools `(n, K)`; NaN where none has."""
    ones = np.ones((1, len(scores)))
    classes = np.flatnonzero(positive.any(axis=0))
    values = [average_precision(scores[:, k], positive[:, k], ones)[0] for k in classes]
    return float(np.mean(values)) if values else float("nan")
