"""How far the probabilities of a classifier can be believed."""

from typing import Any

import numpy as np

N_BINS = 15
SMALLEST = 5e-7  # a smaller probability has the six decimals 0.000000


def negative_log_likelihood(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the clips of -ln p of the true class, in nats, with p at least 5e-7.

    Six decimals cannot tell less from 0, whose logarithm would decide alone.
    """
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], SMALLEST)).mean())


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
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, n_bins + 1)
    count, confidences, rights = (
        np.bincount(np.digitize(confidence, edges[1:-1]), weights, n_bins)
        for weights in (np.ones(len(labels)), confidence, right)
    )
    gaps = np.abs(rights - confidences)
    means = [
        (None, None) if n == 0 else (float(total / n), float(share / n))
        for n, total, share in zip(count, confidences, rights, strict=True)
    ]
    return {
        "ece": float(gaps.sum() / len(labels)),
        "mce": float((gaps / np.maximum(count, 1)).max()),
        "bins": [
            {"low": float(low), "high": float(high), "count": int(n), "confidence": mean[0], "accuracy": mean[1]}
            for low, high, n, mean in zip(edges[:-1], edges[1:], count, means, strict=True)
        ],
    }
