"""Which classes a run says that each clip has, and where that is wrong: for one class a clip and for several labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from esc_gpu.core.task import MULTI_LABEL, THRESHOLD
from esc_gpu.evaluation.finished_run import RunResults


@dataclass(frozen=True, eq=False)
class Decisions:
    """What was decided for n clips of K classes. A mistake is a clip with a class that is missed or wrongly heard.

    Of one class a clip, a mistake has one of each: the true class is missed, and the predicted one is wrongly heard.

    Attributes:
        true: `(n, K)` bool, the classes that each clip has.
        called: `(n, K)` bool, those that it is said to have.
        probabilities: `(n, K)`.
        sureness: `(n,)`, how sure the model was of a mistake, in `[0, 1]`.
    """

    true: np.ndarray
    called: np.ndarray
    probabilities: np.ndarray
    sureness: np.ndarray

    @cached_property
    def missed(self) -> np.ndarray:
        """`(n, K)` bool, whether the clip has the class and is not said to."""
        return self.true & ~self.called

    @cached_property
    def wrongly_heard(self) -> np.ndarray:
        """`(n, K)` bool, whether the clip is said to have the class and does not."""
        return self.called & ~self.true

    @cached_property
    def mistakes(self) -> np.ndarray:
        """The rows of the mistakes, the surest first."""
        wrong = np.flatnonzero((self.true != self.called).any(axis=1))
        return wrong[np.argsort(-self.sureness[wrong], kind="stable")]

    def surest(self, row: int) -> dict[str, int]:
        """Of a mistake, the class "predicted" that is most surely wrongly heard, and the "true" one most surely missed.

        Either may not be there.
        """
        found = {}
        for name, wrong, surest in (("predicted", self.wrongly_heard, np.argmax), ("true", self.missed, np.argmin)):
            classes = np.flatnonzero(wrong[row])
            if len(classes):
                found[name] = int(classes[surest(self.probabilities[row, classes])])
        return found


def decide(run: RunResults, assessment: Mapping[str, Any] | None = None) -> Decisions:
    """What a run says of its clips.

    Of one class a clip, that is the likeliest class, and how sure it is of it is its probability. Of several labels, it
    is every class from the fold's threshold on, and how sure it is of a mistake is the largest distance of a wrong
    class's probability from the truth, 0 or 1.

    Args:
        run: any.
        assessment: of the run, whose thresholds are taken; without one they are 0.5.
    """
    true, probabilities = run.has_class, run.probabilities
    if run.task != MULTI_LABEL:
        called = run.predictions[:, None] == np.arange(len(run.class_names))
        return Decisions(true, called, probabilities, probabilities.max(axis=1))
    of_fold = {fold["fold"]: fold["threshold"] for fold in assessment["folds"]} if assessment else {}
    threshold = np.array([of_fold.get(fold, THRESHOLD) for fold in run.folds.tolist()])
    called = probabilities >= threshold[:, None]
    distance = np.where(called != true, np.abs(probabilities - true), 0.0)
    return Decisions(true, called, probabilities, distance.max(axis=1))
