"""What a fold leaves on disk: predictions, the trained pipeline and pictures."""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from esc_gpu import report
from esc_gpu.core.folds import fold_title
from esc_gpu.core.run_layout import AVERAGE_PRECISION, CONFUSION, CURVES, INPUTS, PREDICTIONS
from esc_gpu.core.version import __version__
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.licence import recordings_licence
from esc_gpu.evaluation.predictions import Predictions, write_predictions
from esc_gpu.evaluation.task_metrics import TASK_METRICS
from esc_gpu.model import checkpoint
from esc_gpu.model.outputs import OUTPUTS
from esc_gpu.training.fold import FoldData, FoldResult


def write_fold(
    folder: Path,
    recordings: Recordings,
    data: FoldData,
    result: FoldResult,
    training: Mapping[str, Any] | None = None,
) -> None:
    """`predictions.csv` and the checkpoint of a fold, with `describe_training` in it."""
    names, tested = recordings.class_names, data.test_recordings
    predictions = Predictions(
        tuple(recordings.filenames[number] for number in tested),
        recordings.folds[tested],
        recordings.labels[tested],
        OUTPUTS[recordings.task].probabilities(result.logits).double().numpy(),
    )
    write_predictions(folder / PREDICTIONS, predictions, names)
    clip_seconds = data.source.n_samples / result.model.frontend.input_rate
    checkpoint.save(folder, result.model, names, clip_seconds=clip_seconds, training=training, task=recordings.task)


def describe_training(
    described: Mapping[str, Any],
    recordings: Recordings,
    metrics: Mapping[str, Any],
    *,
    validation: bool,
    ema_decay: float,
    mixed_precision: str,
    start: Mapping[str, Any] | None = None,
    freeze: str = "none",
) -> dict[str, Any]:
    """What a fold's model was trained on and how well it did, to be known wherever the model goes.

    Args:
        described: `experiment.describe_data` of the recordings.
        recordings: that it was trained and tested on.
        metrics: of the test fold.
        validation: whether that is a fold to choose options by, and the next one was left out.
        ema_decay: of the averaged weights; 0 for none.
        mixed_precision: that it was trained and evaluated in.
        start: the trained model that it started from, as `TrainedStart.summary` has it.
        freeze: what of it was not trained, as `train.freeze` has it.
    """
    return {
        **{name: described[name] for name in ("recordings", "synthetic", "subset")},
        **({"channel": described["channel"]} if "channel" in described else {}),
        "fold": metrics["fold"],
        "validation": validation,
        "ema_decay": ema_decay,
        "licence": None if described["synthetic"] else recordings_licence(recordings),
        "metrics": {
            name: metrics[name]
            for name in ("clips", *TASK_METRICS[recordings.task].scalars)
            if metrics[name] is not None  # one that is not defined for these clips
        },
        "mixed_precision": mixed_precision,
        **({} if start is None else {"start": dict(start)}),
        **({} if freeze == "none" else {"freeze": freeze}),
        "esc_gpu": __version__,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def plot_fold(
    folder: Path, recordings: Recordings, data: FoldData, result: FoldResult, metrics: dict[str, Any]
) -> list[Path]:
    """Curves, what is told of each class, and one training clip of each class as the model sees it."""
    curves, inputs = folder / CURVES, folder / INPUTS
    report.plot_curves(curves, result.history, fold_title(metrics["fold"]))
    outcome = plot_outcome(folder, metrics, list(recordings.class_names))
    of_train = data.recordings[data.train]
    first = [data.train[recordings.of_class(label)[of_train]][:1] for label in range(data.num_classes)]
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        result.model.eval()
        batches = data.source.batches(first)
        images = torch.cat([result.model.normalized_features(waveform).cpu() for waveform, _ in batches])
    frontend = result.model.frontend
    report.plot_inputs(
        inputs,
        images.numpy(),
        frontend.times(images.shape[-1]).numpy(),
        frontend.frequencies.numpy(),
        frontend.bin_unit,
        list(recordings.class_names),
    )
    return [curves, outcome, inputs]


def plot_outcome(folder: Path, metrics: dict[str, Any], class_names: list[str]) -> Path:
    """The confusion matrix of a fold or a run; of several labels a clip, each class's average precision."""
    if "confusion_matrix" in metrics:
        report.plot_confusion(folder / CONFUSION, metrics["confusion_matrix"], class_names)
        return folder / CONFUSION
    report.plot_average_precision(folder / AVERAGE_PRECISION, metrics["average_precision"], class_names)
    return folder / AVERAGE_PRECISION
