"""Features computed from the audio files in a DataLoader: with librosa, and with torchaudio."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor
from torch.utils.data import Dataset

from benchmarks.speed.feeds.base import Material, Unavailable
from benchmarks.speed.feeds.loader import LoaderFeed
from esc_gpu import create_frontend
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.stack import to_grid


def read_clip(path: Path, n_samples: int) -> np.ndarray:
    """The beginning of a recording, `(n_samples,)` float32, mono, padded with zeros."""
    waveform, _ = soundfile.read(path, n_samples, dtype="float32", fill_value=0)
    return waveform if waveform.ndim == 1 else waveform.mean(axis=1)


class RecordingDataset(Dataset):
    """Reads a clip's file, augments its waveform, and computes its features.

    Args:
        features: `(T,)` float32 → `(C, F, N)` float32.
        augment: a waveform → another one; None for none.
    """

    def __init__(
        self,
        material: Material,
        features: Callable[[np.ndarray], Tensor],
        augment: Callable[[np.ndarray], np.ndarray] | None,
    ):
        self.paths, self.labels, self.n_samples = material.paths, material.labels, material.n_samples
        self.features, self.augment = features, augment

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, clip: int) -> tuple[Tensor, int]:
        waveform = read_clip(self.paths[clip], self.n_samples)
        if self.augment is not None:
            waveform = self.augment(waveform)
        return self.features(waveform), int(self.labels[clip])


class ShiftAndGain:
    """Roll a waveform in time and scale it, both at random, in NumPy; a DataLoader seeds torch in each worker."""

    def __init__(self, material: Material):
        options = material.config.augment
        self.max_samples = round(options.shift_seconds * material.config.data.sample_rate)
        self.gain_db = options.gain_db

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        shift, gain = (2 * torch.rand(2) - 1).tolist()
        return np.roll(waveform, round(shift * self.max_samples)) * np.float32(10 ** (gain * self.gain_db / 20))


def with_librosa(material: Material, workers: int) -> LoaderFeed:
    """librosa's functions on each clip; a stack's members one after another, interpolated to its grid."""
    return _loader(material, workers, librosa_features(on_cpu(material.frontend)))


def with_torchaudio(material: Material, workers: int) -> LoaderFeed:
    """torchaudio's transforms on each clip. Files are read by soundfile: `torchaudio.load` needs TorchCodec."""
    from benchmarks.peers import with_torchaudio as peer

    frontend = on_cpu(material.frontend)
    lacking = [layer.name for layer in members(frontend) if not hasattr(peer, layer.name)]
    if lacking:
        raise Unavailable(f"torchaudio has no {', '.join(lacking).upper()}")
    calls = [getattr(peer, layer.name)(layer) for layer in members(frontend)]
    size = frontend.output_shape(material.n_samples)[1:]

    def features(waveform: np.ndarray) -> Tensor:
        batch = torch.from_numpy(waveform)[None]
        return torch.cat([to_grid(call(batch), size) for call in calls], dim=1)[0]

    return _loader(material, workers, features)


def librosa_features(frontend: Frontend) -> Callable[[np.ndarray], Tensor]:
    """A clip `(T,)` → `(C, F, N)` as librosa computes it."""
    from benchmarks.peers import with_librosa as peer

    calls = [getattr(peer, layer.name)(layer) for layer in members(frontend)]

    def features(waveform: np.ndarray) -> Tensor:
        images = [torch.from_numpy(call(waveform[None]))[None] for call in calls]
        size = frontend.output_shape(len(waveform))[1:]
        return torch.cat([to_grid(image, size) for image in images], dim=1)[0]

    return features


def members(frontend: Frontend) -> list[Frontend]:
    """The front-ends of a stack; of another one itself."""
    return list(frontend.layers) if frontend.name == "stack" else [frontend]


def on_cpu(frontend: Frontend) -> Frontend:
    """Another one of the same options: worker processes must not touch what is on a GPU."""
    return create_frontend(**frontend.spec)


def _loader(material: Material, workers: int, features: Callable[[np.ndarray], Tensor]) -> LoaderFeed:
    def dataset(augmented: bool) -> RecordingDataset:
        return RecordingDataset(material, features, ShiftAndGain(material) if augmented else None)

    return LoaderFeed(dataset, workers, material.device)
