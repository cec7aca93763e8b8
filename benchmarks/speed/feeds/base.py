"""Ways of bringing clips to the model, each set up as its own users would."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.speed.feeds.precompute import Precomputed
from esc_gpu.config.schema import RunConfig
from esc_gpu.data.store.build import WaveformStore
from esc_gpu.frontends.base import Frontend


@dataclass(frozen=True)
class Kind:
    """One way.

    Attributes:
        label: its name in tables.
        in_workers: whether it is a torch DataLoader, for which the number of worker processes is a choice.
        augments: whether the waveforms can be augmented; those of precomputed features are gone.
    """

    label: str
    in_workers: bool = False
    augments: bool = False


KINDS = {
    "a": Kind("librosa in a DataLoader", in_workers=True, augments=True),
    "b": Kind("torchaudio in a DataLoader", in_workers=True, augments=True),
    "c": Kind("precomputed, one .npy a clip, DataLoader", in_workers=True),
    "d": Kind("precomputed, one memmap, DataLoader", in_workers=True),
    "e": Kind("precomputed, pinned in RAM"),
    "f": Kind("precomputed, on the device"),
    "g": Kind("esc_gpu, streamed from disk", augments=True),
    "h": Kind("esc_gpu, on the device", augments=True),
}


@dataclass(frozen=True)
class Material:
    """What all feeds of one feature are made of.

    Attributes:
        config: of the run, with the augmentation that is switched on and off.
        paths, labels: of the recordings, one clip each.
        frontend: the feature, on the device.
        store: the decoded clips.
        precomputed: their features in files.
    """

    config: RunConfig
    device: torch.device
    paths: list[Path]
    labels: np.ndarray
    n_samples: int
    frontend: Frontend
    store: WaveformStore
    precomputed: Precomputed


class Feed:
    """Batches of clips on a device.

    Attributes:
        gives_waveforms: whether its batches are waveforms, which the model's front-end takes; otherwise features.
        ahead: batches that it makes before they are asked for.
    """

    gives_waveforms = False
    ahead = 0

    def batches(self, index_batches: list[np.ndarray], augmented: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
        """For each `(B,)` of clip numbers the features or waveforms, and the labels `(B,)`, on the device.

        `augmented` is for those that compute features from waveforms elsewhere; waveforms are augmented on the device.
        """
        raise NotImplementedError


class Unavailable(Exception):
    """A feed that this feature does not have; the message says why."""
