"""How well embeddings tell classes apart: two simple classifiers, each fold tested by what the other folds teach."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from esc_gpu.core.folds import Fold
from esc_gpu.core.task import MULTI_LABEL, task_of
from esc_gpu.evaluation import multi_label_probe
from esc_gpu.evaluation.bootstrap import accuracy_intervals, resampling_units
from esc_gpu.evaluation.metrics import scores
from esc_gpu.evaluation.multi_label import prior_map

# Fixed in advance: nothing is chosen by the clips.
STEPS = 2000
NEIGHBOURS = 5  # or as many as the smallest class has, where it has fewer

Split = tuple[Fold, np.ndarray, np.ndarray, np.ndarray]


def logistic_regression(smallest_class: int) -> Any:
    """On standardised embeddings, with scikit-learn's L2 penalty."""
    return LogisticRegression(max_iter=STEPS)


def nearest_neighbours(smallest_class: int) -> Any:
    """By the cosine of standardised embeddings; each neighbour's vote is the greater the nearer it is."""
    return KNeighborsClassifier(min(NEIGHBOURS, smallest_class), metric="cosine", weights="distance")


PROBES: dict[str, Callable[[int], Any]] = {
    "logistic_regression": logistic_regression,
    "nearest_neighbours": nearest_neighbours,
}


LABEL_PROBES: dict[str, multi_label_probe.LabelProbe] = {
    "logistic_regression": partial(multi_label_probe.one_against_rest, STEPS),
    "nearest_neighbours": partial(multi_label_probe.neighbours_shares, NEIGHBOURS),
}


class Probing(NamedTuple):
    """The probes of a task.

    Attributes:
        probes: by name, from the embeddings and labels of the training recordings and the embeddings of the tested ones
            to the probabilities `(m, K)` of these.
        fold_score: a share in `[0, 1]` from probabilities and labels.
        judge: from these, and the units, resamples and seed of the intervals, to scores and `intervals`.
    """

    probes: Mapping[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]]
    fold_score: Callable[[np.ndarray, np.ndarray], float | None]
    judge: Callable[[np.ndarray, np.ndarray, np.ndarray, int, int], dict[str, Any]]


def probing_of(task: str, num_classes: int) -> Probing:
    """What probes recordings of a task with K classes."""
    if task == MULTI_LABEL:
        probes = {name: partial(multi_label_probe.label_probabilities, probe) for name, probe in LABEL_PROBES.items()}
        return Probing(probes, multi_label_probe.fold_score, multi_label_probe.judge)
    by_class = {name: partial(class_probabilities, create, num_classes) for name, create in PROBES.items()}
    return Probing(by_class, accuracy, judge)


def probe(
    splits: Sequence[Split],
    labels: np.ndarray,
    filenames: Sequence[str],
    num_classes: int,
    n_bootstrap: int,
    seed: int,
) -> dict[str, Any]:
    """How right the probes are over the test recordings of all splits, and of each.

    Args:
        splits: each the test fold, the numbers of its training recordings and of its test recordings, and the
            embeddings `(n, D)` of all recordings by a model that has not learnt from those test recordings.
        labels: `(n,)` int64 in 0..num_classes-1, or of several labels a clip `(n, K)` bool.
        filenames: `(n,)` of the recordings.
        num_classes: K.
        n_bootstrap, seed: of the intervals, as by `assess`.

    Returns:
        `task`, `clips`; `folds`, each with `fold`, `clips` and the accuracy of each probe, or its mAP; `bootstrap` as
        of `assess`; and for each probe the four scores over all clips with the `intervals` of accuracy and macro-F1, or
        those of `esc_gpu.evaluation.multi_label` with the `intervals` of map, lwlrap, macro_f1 and micro_f1. Of several
        labels also `prior`, the `map` of guessing each class by its share.
    """
    numbers = np.concatenate([test for _, _, test, _ in splits])
    unit, units = resampling_units([filenames[number] for number in numbers])
    folds: list[dict[str, Any]] = [{"fold": fold, "clips": len(test)} for fold, _, test, _ in splits]
    task = task_of(labels)
    probing = probing_of(task, num_classes)
    result: dict[str, Any] = {"task": task, "clips": len(numbers), "folds": folds}
    for name, answer in probing.probes.items():
        parts = [answer(values[train], labels[train], values[test]) for _, train, test, values in splits]
        for number, (_, _, test, _) in enumerate(splits):
            folds[number][name] = probing.fold_score(parts[number], labels[test])
        result[name] = probing.judge(np.concatenate(parts), labels[numbers], units, n_bootstrap, seed)
    if task == MULTI_LABEL:
        result["prior"] = {"map": prior_map(labels[numbers])}
    drawn = {"resamples": n_bootstrap, "unit": unit, "units": len(set(units.tolist())), "seed": seed}
    return {**result, "bootstrap": drawn}


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The share of clips whose likeliest class is theirs."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def judge(
    probabilities: np.ndarray, labels: np.ndarray, units: np.ndarray, n_resamples: int, seed: int
) -> dict[str, Any]:
    """The four scores, and the `intervals` of accuracy and macro-F1."""
    num_classes = probabilities.shape[1]
    predictions = probabilities.argmax(axis=1)
    return {
        **scores(torch.from_numpy(probabilities), torch.from_numpy(labels)),
        "intervals": accuracy_intervals(predictions, labels, num_classes, units, n_resamples, seed),
    }


def class_probabilities(
    create: Callable[[int], Any], num_classes: int, train: np.ndarray, labels: np.ndarray, test: np.ndarray
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
