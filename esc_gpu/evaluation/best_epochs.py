"""The accuracy that choosing each fold's epoch on its own test clips would have given: too high, and no result."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from esc_gpu.core.run_layout import HISTORY
from esc_gpu.evaluation.finished_run import RunResults


def best_epochs(runs: Sequence[RunResults]) -> dict[str, Any] | None:
    """The best epoch of each fold of each run by its accuracy on the test fold.

    Args:
        runs: one or more. Only the folds of their predictions are looked at.

    Returns:
        `epochs`: for each run, the epoch of each fold, ascending by fold, from 1; the first of equally good ones. And
        `accuracy` in `[0, 1]`: the mean over the runs of the accuracy of all clips. None where a fold has no curve, or
        one of its last epoch alone.

    Raises:
        EscGpuError: for a curve that cannot be read.
    """
    epochs: list[list[int]] = []
    right, clips = 0.0, 0
    for run in runs:
        epochs.append([])
        for fold in run.fold_numbers:
            if not (run.fold_folder(fold) / HISTORY).is_file():  # its predictions alone were kept
                return None
            evaluated = [record for record in run.history(fold) if "test_accuracy" in record]
            if len(evaluated) < 2:
                return None
            best = evaluated[int(np.argmax([record["test_accuracy"] for record in evaluated]))]
            size = int((run.folds == fold).sum())
            right, clips = right + best["test_accuracy"] * size, clips + size
            epochs[-1].append(int(best["epoch"]))
    return {"epochs": epochs, "accuracy": right / clips}
