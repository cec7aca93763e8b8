"""What a fold is trained on, and what its training gives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL
from esc_gpu.data.store.source import WaveformSource
from esc_gpu.errors import EscGpuError
from esc_gpu.model.classifier import WaveformClassifier


@dataclass(frozen=True)
class FoldData:
    """The clips of a fold.

    Args:
        source: waveforms by clip number.
        labels: `(clips,)` int64 of all clips, or of several labels a clip `(clips, K)` bool, on the device.
        num_classes: K.
        train, test: clip numbers, ascending.
        recordings: `(clips,)` int64, ascending: the recording that each clip was cut from.
        filenames: of each recording, to name clips by.
        class_names: of the K classes, to know whether a model was trained on the same.

    Raises:
        EscGpuError: for a recording with clips on both sides.
    """

    source: WaveformSource
    labels: Tensor
    num_classes: int
    train: np.ndarray
    test: np.ndarray
    recordings: np.ndarray
    filenames: Sequence[str] = ()
    class_names: Sequence[str] = ()

    def __post_init__(self) -> None:
        shared = np.intersect1d(self.recordings[self.train], self.recordings[self.test])
        if len(shared):
            clips = np.flatnonzero(self.recordings == shared[0])
            raise EscGpuError(
                f"{self.names(clips)[0]} has clips to train on and clips to test on, as {len(shared)} recordings have; "
                "expected all clips of a recording on one side; split by recordings, not by clips"
            )

    def train_batches(self, batches: Sequence[np.ndarray]) -> Iterator[tuple[Tensor, Tensor]]:
        """Waveforms and numbers of training clips, as `WaveformSource.batches`; any other clip is refused."""
        return self._batches(batches, self.train, "train on")

    def test_batches(self, batches: Sequence[np.ndarray]) -> Iterator[tuple[Tensor, Tensor]]:
        """Waveforms and numbers of test clips, as `WaveformSource.batches`; any other clip is refused."""
        return self._batches(batches, self.test, "test on")

    def _batches(
        self, batches: Sequence[np.ndarray], part: np.ndarray, purpose: str
    ) -> Iterator[tuple[Tensor, Tensor]]:
        clips = np.fromiter(chain.from_iterable(batches), np.int64)
        foreign = clips[~np.isin(clips, part)]
        if len(foreign):
            raise EscGpuError(f"{self.names(foreign)[0]} is none of the fold's clips to {purpose}; expected those only")
        return self.source.batches(batches)

    def names(self, clips: np.ndarray) -> list[str]:
        """The files that the clips were cut from, each once."""
        numbers = dict.fromkeys(self.recordings[clips].tolist())
        return [self.filenames[number] if self.filenames else f"recording {number}" for number in numbers]

    @property
    def task(self) -> str:
        """That of the labels: "single_label" or "multi_label"."""
        return MULTI_LABEL if self.labels.ndim == 2 else SINGLE_LABEL

    @property
    def train_labels(self) -> Tensor:
        """`(training clips,)` int64, or of several labels a clip `(training clips, K)` bool, on the CPU."""
        return self.labels.cpu()[torch.from_numpy(self.train)]

    @property
    def test_recordings(self) -> np.ndarray:
        """Numbers of the recordings that are tested on, ascending."""
        return np.unique(self.recordings[self.test])

    @property
    def test_labels(self) -> Tensor:
        """`(test recordings,)` int64, or of several labels a clip `(test recordings, K)` bool, on the CPU."""
        first = np.unique(self.recordings[self.test], return_index=True)[1]
        return self.labels.cpu()[torch.from_numpy(self.test[first])]


@dataclass(frozen=True)
class FoldResult:
    """The model of the last epoch, its logits `(test recordings, K)` on the CPU, and one record an epoch."""

    model: WaveformClassifier
    logits: Tensor
    history: list[dict[str, Any]]
