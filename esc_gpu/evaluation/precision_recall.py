"""The curve of precision over recall of a class, as steps whose area is the average precision."""

from typing import NamedTuple

import numpy as np

MOST_STEPS = 100


class PrecisionRecall(NamedTuple):
    """Steps by rising recall: up to a `recall` from the one before it, or 0, the curve has this `precision`."""

    recall: np.ndarray
    precision: np.ndarray


def precision_recall(scores: np.ndarray, positive: np.ndarray, most: int = MOST_STEPS) -> PrecisionRecall:
    """The curve of one class by scikit-learn, with `most` of its steps at most.

    The sum of step width times precision is the average precision.

    Args:
        scores, positive: `(n,)` probabilities and bools, some of which are true.
        most: steps; of more, neighbours are one with their mean precision, and the last ends with the last.
    """
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(positive, scores)
    precision, recall = precision[-2::-1], recall[-2::-1]  # by rising recall, without its made-up end at 0
    first = np.flatnonzero(np.diff(recall, prepend=0.0) > 0)  # a wrong clip lowers the precision of no step
    recall, precision = recall[first], precision[first]
    if len(recall) > most:
        areas = (np.diff(recall, prepend=0.0) * precision).cumsum()
        ends = np.linspace(0, len(recall) - 1, most).round().astype(int)
        recall = recall[ends]
        precision = np.diff(areas[ends], prepend=0.0) / np.diff(recall, prepend=0.0)
    return PrecisionRecall(recall, precision)
