"""How far the probabilities of a classifier can be believed."""

from typing import Any

import numpy as np

N_BINS = 15
SMALLEST = 5e-7  # a smaller probability has the six decimals 0.000000


def negative_log_likelihood(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the clips of -ln p of the true class, in nats, with p at least 5e-7.

    Six decimals cannot tell less from 0, whose logarithm would decide alone.
    """
    return float(-np.log(probabilities[np.arange(len(labels)), labels].clip(SMALLEST)).mean())


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the clips of the squared distance to the truth, summed over the classes: 0 to 2.

    Brier, Verification of forecasts expressed in terms of probability, 1950, equation 2.
    """
    return float(((probabilities - np.eye(probabilities.shape[1])[labels]) ** 2).sum(axis=1).mean())


def calibration(probabilities: np.ndarray, labels: np.ndarray, n_bins: int = N_BINS) -> dict[str, Any]:
    """How far the confidence, the probability of the predicted class, is from the share that is right.

    The clips are sorted by confidence into bins of equal width, `low` included and `high` not, but in the last one.
    Guo et al., On calibration of modern neural networks, 2017, equations 3 and 5. It is not torchmetrics' function,
    which sorts in float32 and puts a confidence of exactly 1, common with six decimals, into a bin of its own.

    Args:
        probabilities: `(n, K)`, n at least 1.
        labels: `(n,)` int64 in 0..K-1.

    Returns:
        `ece`, the expected calibration error: the gap between accuracy and confidence in each bin, averaged over the
        clips; `mce`, the largest of the gaps; `bins`, for each `low`, `high`, `count` and the means `confidence` and
        `accuracy`, None in a bin without clips.
    """
    return binned(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels, "accuracy", n_bins)


def label_calibration(probabilities: np.ndarray, labels: np.ndarray, n_bins: int = N_BINS) -> dict[str, Any]:
    """`calibration` of several labels a clip: how far the probabilities of all pairs of a clip and a class are from the
    share of these pairs whose clip has the class.

    Args:
        probabilities: `(n, K)`, n at least 1.
        labels: `(n, K)` bool.

    Returns:
        As of `calibration`, over n·K pairs; the bins have `share` in the place of `accuracy`.
    """
    return binned(probabilities.ravel(), labels.ravel(), "share", n_bins)


def binned(confidence: np.ndarray, right: np.ndarray, name: str, n_bins: int) -> dict[str, Any]:
    """What `calibration` returns of probabilities `(n,)` and bools `(n,)`; `name` is that of the means of these."""
    edges = np.linspace(0, 1, n_bins + 1)
    count, confidences, rights = (
        np.bincount(np.digitize(confidence, edges[1:-1]), weights, n_bins)
        for weights in (np.ones(len(right)), confidence, right)
    )
    gaps = np.abs(rights - confidences)

    def describe(number: int) -> dict[str, float | None]:
        n = int(count[number])
        confidence, share = ((float(sums[number] / n) if n else None) for sums in (confidences, rights))
        limits = {"low": float(edges[number]), "high": float(edges[number + 1])}
        return {**limits, "count": n, "confidence": confidence, name: share}

    return {
        "ece": float(gaps.sum() / len(right)),
        "mce": float((gaps / count.clip(1)).max()),
        "bins": list(map(describe, range(n_bins))),
    }
