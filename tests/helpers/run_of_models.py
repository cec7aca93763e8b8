"""The folder of a run with untrained models, and the recordings that it says it was trained on."""

import json

import torch

from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.model import checkpoint
from tests.helpers.small_model import small_frontend
from tests.helpers.tiny import RATE, write_tones


def write_run(folder, n_folds=2, **tones):
    """`folder/run` with a model for each fold of the recordings `folder/tones`; their table."""
    from esc_gpu import WaveformClassifier

    table = write_tones(folder / "tones", n_folds, **tones)
    recordings = read_recordings(None, "all", table)
    for fold in recordings.fold_numbers:
        torch.manual_seed(fold)
        model = WaveformClassifier(small_frontend(), 3, "test_resnet")
        model.fit_normalization(0.1 * torch.randn(4, RATE))
        part = folder / "run" / f"fold{fold}"
        part.mkdir(parents=True)
        training = {"recordings": "tones", "fold": fold}
        checkpoint.save(part, model, recordings.class_names, clip_seconds=1.0, training=training)
    (folder / "run" / "data.json").write_text(json.dumps({"recordings": recordings.digest}), encoding="utf-8")
    return table
