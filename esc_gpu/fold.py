"""What a fold is trained on, and what its training gives."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from esc_gpu.data.batches import WaveformSource
from esc_gpu.model import WaveformClassifier


@dataclass(frozen=True)
class FoldData:
    """The clips of a fold.

    Args:
        source: waveforms by clip number.
        labels: `(clips,)` int64 of all clips, on the device.
        n_classes: K.
        train, test: clip numbers, ascending.
        recordings: `(clips,)` int64, ascending: the recording that each clip was cut from.
    """

    source: WaveformSource
    labels: Tensor
    n_classes: int
    train: np.ndarray
    test: np.ndarray
    recordings: np.ndarray

    @property
    def test_recordings(self) -> np.ndarray:
        """Numbers of the recordings that are tested on, ascending."""
        return np.unique(self.recordings[self.test])

    @property
    def test_labels(self) -> Tensor:
        """`(test recordings,)` int64, on the CPU."""
        first = np.unique(self.recordings[self.test], return_index=True)[1]
        return self.labels.cpu()[torch.from_numpy(self.test[first])]


@dataclass(frozen=True)
class FoldResult:
    """The model of the last epoch, its logits `(test recordings, K)` on the CPU, and one record an epoch."""

    model: WaveformClassifier
    logits: Tensor
    history: list[dict[str, float]]
