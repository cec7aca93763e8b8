"""torchaudio's transforms, one behind another, on a batch `(B, T)`."""

import torch
import torchaudio.transforms as transforms
from torch import Tensor, nn

from esc_gpu.frontends.base import Frontend


class OneChannel(nn.Module):
    """`(B, T)` → `(B, 1, T)`: without channels, torchaudio takes `top_db` over the whole batch."""

    def forward(self, waveform: Tensor) -> Tensor:
        return waveform.unsqueeze(1)


def stft_options(frontend: Frontend) -> dict[str, object]:
    """The options of the STFT in torchaudio's words."""
    names = "n_fft", "hop_length", "win_length", "pad_mode"
    window = getattr(torch, f"{frontend.window}_window")  # periodic, as librosa's and this package's
    return {name: getattr(frontend, name) for name in names} | {"window_fn": window}


def mel_options(frontend: Frontend) -> dict[str, object]:
    """The options of the mel spectrogram in torchaudio's words."""
    return stft_options(frontend) | {
        "n_mels": frontend.n_mels,
        "f_min": frontend.fmin,
        "f_max": frontend.fmax,
        "norm": frontend.norm,
        "mel_scale": frontend.mel_scale,
    }


def scaled(layer: nn.Module, frontend: Frontend) -> nn.Module:
    """The power in the front-end's scale, "db" or "power"."""
    last = [transforms.AmplitudeToDB("power", frontend.top_db)] if frontend.scale == "db" else []
    return nn.Sequential(OneChannel(), layer, *last)


def spectrogram(frontend: Frontend) -> nn.Module:
    return scaled(transforms.Spectrogram(**stft_options(frontend)), frontend)


def logmel(frontend: Frontend) -> nn.Module:
    return scaled(transforms.MelSpectrogram(frontend.sample_rate, **mel_options(frontend)), frontend)


def mfcc(frontend: Frontend) -> nn.Module:
    layer = transforms.MFCC(frontend.sample_rate, frontend.n_mfcc, melkwargs=mel_options(frontend))
    return nn.Sequential(OneChannel(), layer)


def lfcc(frontend: Frontend) -> nn.Module:
    layer = transforms.LFCC(
        frontend.sample_rate,
        frontend.n_filters,
        frontend.fmin,
        frontend.fmax,
        frontend.n_lfcc,
        speckwargs=stft_options(frontend),
    )
    return nn.Sequential(OneChannel(), layer)


def spectral_centroid(frontend: Frontend) -> nn.Module:
    options = stft_options(frontend)
    del options["pad_mode"]  # it reflects
    return transforms.SpectralCentroid(frontend.sample_rate, **options)


class Deltas(nn.Module):
    """Features, their deltas and the deltas of those, as channels."""

    def __init__(self, features: nn.Module, width: int, order: int):
        super().__init__()
        self.features = features
        self.delta = transforms.ComputeDeltas(width)
        self.order = order

    def forward(self, waveform: Tensor) -> Tensor:
        images = [self.features(waveform)]
        for _ in range(self.order):
            images.append(self.delta(images[-1]))
        return torch.cat(images, dim=1)


def delta(frontend: Frontend) -> nn.Module:
    return Deltas(logmel(frontend.layer), frontend.width, frontend.order)
