"""Whether the options for rare classes fit the recordings."""

from collections.abc import Sequence

import numpy as np

from esc_gpu.config.schema import RunConfig
from esc_gpu.core.folds import Fold
from esc_gpu.core.task import MULTI_LABEL
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.errors import EscGpuError
from esc_gpu.training.class_balance import check_weights


def check_class_balance(config: RunConfig, recordings: Recordings, folds: Sequence[Fold]) -> list[str]:
    """A sentence for each option for rare classes that has no effect, because all have as many training clips.

    Raises:
        EscGpuError: for a table of weights that does not fit the classes, and for any of the options where clips have
            several labels.
    """
    train = config.train
    if recordings.task == MULTI_LABEL:
        asked = {
            "class_weights": train.class_weights != "none",
            "sampling": train.sampling != "shuffled",
            "focal_gamma": train.focal_gamma > 0,
        }
        if option := next((name for name, is_asked in asked.items() if is_asked), None):
            raise EscGpuError(
                f"train.{option} is for one label a clip, and these clips have several: leave it out, or set data.task "
                "to single_label"
            )
        return []
    if isinstance(train.class_weights, dict):
        check_weights(train.class_weights, recordings.class_names)
    options = ["train.class_weights"] * (train.class_weights == "balanced")
    options += ["train.sampling"] * (train.sampling != "shuffled")
    if not options or config.data.overlap is not None:
        return []
    for fold in folds:
        clips, _ = recordings.split(fold, config.validate)
        if len(set(np.bincount(recordings.labels[clips], minlength=len(recordings.class_names)).tolist())) > 1:
            return []
    return [
        f"{option} has no effect, because every class has as many training clips: leave it out" for option in options
    ]
