"""Whether the options for rare classes fit the recordings."""

from collections.abc import Sequence

import numpy as np

from esc_gpu.config.schema import RunConfig
from esc_gpu.core.folds import Fold
from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.store.class_sampling import rarest_counts
from esc_gpu.training.class_balance import check_weights

EQUAL = {  # why an option finds nothing to make up for
    ("train.class_weights", SINGLE_LABEL): "every class has as many training clips",
    ("train.sampling", SINGLE_LABEL): "every class has as many training clips",
    ("train.class_weights", MULTI_LABEL): "every class is in half of the training clips",
    ("train.sampling", MULTI_LABEL): "the rarest labels of all training clips are equally frequent",
}


def check_class_balance(config: RunConfig, recordings: Recordings, folds: Sequence[Fold]) -> list[str]:
    """A sentence for each option for rare classes that has no effect, because none is rarer than others.

    Raises:
        EscGpuError: for a table of weights that does not fit the classes.
    """
    train = config.train
    if isinstance(train.class_weights, dict):
        check_weights(train.class_weights, recordings.class_names)
    options = {
        "train.class_weights": (train.class_weights == "balanced", is_weighed_alike),
        "train.sampling": (train.sampling != "shuffled", is_sampled_alike),
    }
    if config.data.overlap is not None:
        return []
    parts = [recordings.labels[recordings.split(fold, config.validate)[0]] for fold in folds]
    n_classes = len(recordings.class_names)
    return [
        f"{option} has no effect, because {EQUAL[option, recordings.task]}: leave it out"
        for option, (is_set, is_idle) in options.items()
        if is_set and all(is_idle(labels, n_classes) for labels in parts)
    ]


def is_weighed_alike(labels: np.ndarray, n_classes: int) -> bool:
    """Whether balanced weights are 1 for all classes, by the labels `(n,)` or `(n, K)` of the training clips."""
    if labels.ndim == 2:
        return bool((2 * labels.sum(axis=0) == len(labels)).all())
    return is_of_one(np.bincount(labels, minlength=n_classes))


def is_sampled_alike(labels: np.ndarray, n_classes: int) -> bool:
    """Whether each clip comes once with any sampling, by the labels `(n,)` or `(n, K)` of the training clips."""
    return is_of_one(rarest_counts(labels) if labels.ndim == 2 else np.bincount(labels, minlength=n_classes))


def is_of_one(counts: np.ndarray) -> bool:
    """Whether all are the same."""
    return len(set(counts.tolist())) < 2
