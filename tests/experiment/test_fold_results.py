"""What is kept of a fold's training."""

import datetime

import numpy as np
import pytest

from esc_gpu import __version__
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.experiment.fold_results import describe_training

METRICS = {
    **{"fold": 2, "clips": 8, "accuracy": 0.5, "macro_f1": 0.4, "top3_accuracy": 1.0},
    **{"recall": [0.5, 0.5], "confusion_matrix": [[2, 2], [2, 2]], "seconds": 3.0},
}


@pytest.mark.parametrize(("synthetic", "licence"), [(False, "CC BY 3.0"), (True, None)])
def test_the_training_is_described_by_plain_types(tmp_path, synthetic, licence):
    recordings = Recordings(
        root=tmp_path,
        audio=tmp_path / "audio",
        filenames=("1-1-A-0.wav", "2-2-A-10.wav"),
        folds=np.array([1, 2]),
        labels=np.array([0, 1]),
        src_files=("1", "2"),
        class_names=("dog", "rain"),
        class_categories=("Animals", "Natural"),
    )
    described = {"recordings": "ESC-50", "synthetic": synthetic, "subset": "esc10", "clips": 2, "classes": 2}
    assert describe_training(
        described, recordings, METRICS, validation=False, ema_decay=0.99, mixed_precision="bf16"
    ) == {
        "recordings": "ESC-50",
        "synthetic": synthetic,
        "subset": "esc10",
        "fold": 2,
        "validation": False,
        "ema_decay": 0.99,
        "licence": licence,
        "metrics": {"clips": 8, "accuracy": 0.5, "macro_f1": 0.4, "top3_accuracy": 1.0},
        "mixed_precision": "bf16",
        "esc_gpu": __version__,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
