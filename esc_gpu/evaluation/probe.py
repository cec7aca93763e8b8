"""How well embeddings tell classes apart: two simple classifiers, each fold tested by what the other folds teach."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from esc_gpu.core.folds import Fold
from esc_gpu.evaluation.bootstrap import accuracy_intervals, resampling_units
from esc_gpu.evaluation.metrics import scores

# Fixed in advance: nothing is chosen by the clips.
REGULARISATION = 1.0  # C of the logistic regression, scikit-learn's default
STEPS = 2000
NEIGHBOURS = 5  # or as many as the smallest class has, where it has fewer

Split = tuple[Fold, np.ndarray, np.ndarray, np.ndarray]


def logistic_regression(smallest_class: int) -> Any:
    """On standardised embeddings, with an L2 penalty."""
    return LogisticRegression(C=REGULARISATION, max_iter=STEPS)


def nearest_neighbours(smallest_class: int) -> Any:
    """By the cosine of standardised embeddings; each neighbour's vote is the greater the nearer it is."""
    return KNeighborsClassifier(min(NEIGHBOURS, smallest_class), metric="cosine", weights="distance")


PROBES: dict[str, Callable[[int], Any]] = {
    "logistic_regression": logistic_regression,
    "nearest_neighbours": nearest_neighbours,
}


def probe(
    splits: Sequence[Split],
    labels: np.ndarray,
    filenames: Sequence[str],
    num_classes: int,
    n_bootstrap: int = 10_000,
    seed: int = 0,
) -> dict[str, Any]:
    """Accuracies of the `PROBES` over the test recordings of all splits, and of each.

    Args:
        splits: each the test fold, the numbers of its training recordings and of its test recordings, and the
            embeddings `(n, D)` of all recordings by a model that has not learnt from those test recordings.
        labels: `(n,)` int64 in 0..num_classes-1.
        filenames: `(n,)` of the recordings.
        num_classes: K.
        n_bootstrap, seed: of the intervals, as by `assess`.

    Returns:
        `clips`; `folds`, each with `fold`, `clips` and the accuracy of each probe; `bootstrap` as of `assess`; and for
        each probe the four scores over all clips with the `intervals` of accuracy and macro-F1.
    """
    numbers = np.concatenate([test for _, _, test, _ in splits])
    unit, units = resampling_units([filenames[number] for number in numbers])
    folds: list[dict[str, Any]] = [{"fold": fold, "clips": len(test)} for fold, _, test, _ in splits]
    result: dict[str, Any] = {"clips": len(numbers), "folds": folds}
    for name, create in PROBES.items():
        parts = [
            class_probabilities(create, values[train], labels[train], values[test], num_classes)
            for _, train, test, values in splits
        ]
        for row, (_, _, test, _), part in zip(folds, splits, parts, strict=True):
            row[name] = float((part.argmax(axis=1) == labels[test]).mean())
        probabilities = np.concatenate(parts)
        predictions = probabilities.argmax(axis=1)
        result[name] = {
            **scores(torch.from_numpy(probabilities), torch.from_numpy(labels[numbers])),
            "intervals": accuracy_intervals(predictions, labels[numbers], num_classes, units, n_bootstrap, seed),
        }
    drawn = {"resamples": n_bootstrap, "unit": unit, "units": len(set(units.tolist())), "seed": seed}
    return {**result, "bootstrap": drawn}


def class_probabilities(
    create: Callable[[int], Any], train: np.ndarray, labels: np.ndarray, test: np.ndarray, num_classes: int
) -> np.ndarray:
    """`(m, K)` float64 of the embeddings `test` `(m, D)`, by a probe of `train` `(n, D)`, which standardises by these.

    A class without a training recording has 0.
    """
    classes, counts = np.unique(labels, return_counts=True)
    probabilities = np.zeros((len(test), num_classes))
    if len(classes) == 1:
        probabilities[:, classes[0]] = 1
        return probabilities
    classifier = make_pipeline(StandardScaler(), create(int(counts.min())))
    classifier.fit(train.astype(np.float64), labels)
    probabilities[:, classes] = classifier.predict_proba(test.astype(np.float64))
    return probabilities
