"""Recordings of one class in chosen folds, without files."""

import numpy as np

from esc_gpu.data.recordings.base import Recordings

FOLDS = np.array([1, 3, 2, 1, 2, 3])


def recordings(folds=FOLDS, sources=None):
    names = tuple(f"{number}.wav" for number in range(len(folds)))
    labels = np.zeros(len(folds), np.int64)
    return Recordings(None, None, names, folds, labels, sources or names, ("dog",), ("Animals",))
