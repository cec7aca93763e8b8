"""Probes of embeddings where clips may have several labels: each class is present or absent on its own."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from esc_gpu.core.average_precision import mean_average_precision
from esc_gpu.core.task import THRESHOLD
from esc_gpu.evaluation.multi_label import scores
from esc_gpu.evaluation.multi_label_assessment import precision_intervals, sum_intervals

LabelProbe = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Answers(NamedTuple):
    """`(n, K)` probabilities of clips, and their labels, bool."""

    probabilities: np.ndarray
    labels: np.ndarray


def one_against_rest(steps: int, train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """`(m, K)` by a logistic regression of each class, with an L2 penalty."""
    return np.column_stack(
        [LogisticRegression(max_iter=steps).fit(train, present).predict_proba(test)[:, 1] for present in labels.T]
    )


def neighbours_shares(neighbours: int, train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """`(m, K)`: the share of the votes of the nearest by the cosine, each vote the greater the nearer it is."""
    nearest = KNeighborsRegressor(min(neighbours, len(train)), metric="cosine", weights="distance")
    shares: np.ndarray = nearest.fit(train, labels.astype(np.float64)).predict(test)
    return shares.clip(0, 1)


def label_probabilities(probe: LabelProbe, train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """`(m, K)` float64 of the embeddings `test` `(m, D)`, by a probe of `train` `(n, D)` with labels `(n, K)` bool.

    The training embeddings are what all are standardised by. A class that all of them have has 1, and one of none 0.
    """
    probabilities = np.tile(labels.mean(axis=0), (len(test), 1))
    varies = labels.any(axis=0) & ~labels.all(axis=0)
    if varies.any():
        scaler = StandardScaler().fit(train.astype(np.float64))
        known, new = (scaler.transform(part.astype(np.float64)) for part in (train, test))
        probabilities[:, varies] = probe(known, labels[:, varies], new)
    return probabilities


def fold_score(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """mAP; None where no clip has a label."""
    return mean_average_precision(probabilities, labels) if labels.any() else None


def judge(
    probabilities: np.ndarray, labels: np.ndarray, units: np.ndarray, n_resamples: int, seed: int
) -> dict[str, Any]:
    """The scores of an evaluation with a threshold of 0.5, and their `intervals`."""
    answers, drawn = [Answers(probabilities, labels)], (units, n_resamples, seed)
    intervals = {"map": precision_intervals(answers, *drawn)[0], **sum_intervals(answers, THRESHOLD, *drawn)}
    return {**scores(probabilities, labels), "intervals": intervals}
