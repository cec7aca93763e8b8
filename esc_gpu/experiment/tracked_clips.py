"""Test clips for a tracker's page: which of them, and what there is to hear and see of each."""

from dataclasses import dataclass

import numpy as np
import torch

from esc_gpu.core.task import label_text
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.store.batch_order import evenly
from esc_gpu.model.outputs import OUTPUTS
from esc_gpu.report.figures.panels import draw_thumbnail
from esc_gpu.training.fold import FoldData, FoldResult

BATCH_SIZE = 16


@dataclass(frozen=True, eq=False)
class TrackedClip:
    """A test recording and what the model said of it.

    Attributes:
        filename: of the recording.
        waveform: `(T,)` int16, its first clip.
        sample_rate: Hz.
        picture: `(C·F, N, 3)` uint8, this clip as the backbone sees it.
        label, prediction: names of the true and of the likeliest class; of several labels, those of all true classes
            and of all with a probability of 0.5 or more, with bars between.
        probability: of the likeliest class, over all clips of the recording.
    """

    filename: str
    waveform: np.ndarray
    sample_rate: int
    picture: np.ndarray
    label: str
    prediction: str
    probability: float

    @property
    def is_correct(self) -> bool:
        return self.label == self.prediction


@torch.no_grad()
def collect_clips(limit: int, recordings: Recordings, data: FoldData, result: FoldResult) -> list[TrackedClip]:
    """Up to `limit` test recordings of a trained fold: the mistakes, then others, each evenly over the fold."""
    outputs = OUTPUTS[data.task]
    probabilities = outputs.probabilities(result.logits).numpy()
    labels, predictions = data.test_labels.numpy(), outputs.answers(result.logits).numpy()
    chosen = choose((labels.reshape(predictions.shape) == predictions).all(axis=1), limit)
    firsts = data.test[np.unique(data.recordings[data.test], return_index=True)[1]]  # the first clip of each recording
    batches = [firsts[chosen[start : start + BATCH_SIZE]] for start in range(0, len(chosen), BATCH_SIZE)]
    result.model.eval()
    waveforms: list[np.ndarray] = []
    pictures: list[np.ndarray] = []
    with torch.compiler.set_stance("force_eager"):
        for waveform, _ in data.source.batches(batches):
            waveforms.extend(waveform.cpu().numpy())
            pictures.extend(map(draw_thumbnail, result.model.normalized_features(waveform).cpu().numpy()))
    names, sample_rate = recordings.class_names, result.model.frontend.input_rate
    return [
        TrackedClip(
            recordings.filenames[data.test_recordings[position]],
            waveform,
            sample_rate,
            picture,
            label_text(labels[position], names),
            label_text(predictions.reshape(labels.shape)[position], names),
            float(probabilities[position].max()),
        )
        for position, waveform, picture in zip(chosen, waveforms, pictures, strict=True)
    ]


def choose(is_correct: np.ndarray, limit: int) -> np.ndarray:
    """Positions of up to `limit` clips: the mistakes, then clips that are right, each evenly over all there are."""
    mistakes = evenly(np.flatnonzero(~is_correct), limit)
    return np.concatenate([mistakes, evenly(np.flatnonzero(is_correct), limit - len(mistakes))])
