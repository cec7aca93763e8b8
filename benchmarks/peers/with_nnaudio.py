"""nnAudio's layers on a batch `(B, T)`."""

from nnAudio import features
from torch import Tensor, nn

from benchmarks.peers import librosa_options
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.levels import ScaledPower


class Scaled(nn.Module):
    """A layer's magnitude or power in the front-end's scale; nnAudio has no decibels outside of its MFCC."""

    def __init__(self, layer: nn.Module, frontend: ScaledPower, *, gives_power: bool = False):
        super().__init__()
        self.layer = layer
        self.gives_power = gives_power
        self.rescale = frontend.rescale

    def forward(self, waveform: Tensor) -> Tensor:
        image = self.layer(waveform)
        return self.rescale(image if self.gives_power else image.square())


def stft_options(frontend: Frontend) -> dict[str, object]:
    """The options of the STFT in nnAudio's words."""
    return librosa_options.stft_options(frontend) | {"sr": frontend.sample_rate, "verbose": False}


def mel_options(frontend: Frontend) -> dict[str, object]:
    """The options of the mel spectrogram in nnAudio's words."""
    norm = 1 if frontend.norm == "slaney" else None
    return librosa_options.mel_options(frontend) | {"norm": norm, "verbose": False}


def cqt_options(frontend: Frontend) -> dict[str, object]:
    """The options of the CQT in nnAudio's words."""
    return librosa_options.cqt_options(frontend) | {"verbose": False}


def spectrogram(frontend: Frontend) -> nn.Module:
    return Scaled(features.STFT(**stft_options(frontend), output_format="Magnitude"), frontend)


def logmel(frontend: Frontend) -> nn.Module:
    return Scaled(features.MelSpectrogram(**mel_options(frontend)), frontend, gives_power=True)


def mfcc(frontend: Frontend) -> nn.Module:
    return features.MFCC(n_mfcc=frontend.n_mfcc, top_db=frontend.top_db, **mel_options(frontend))


def gammatone(frontend: Frontend) -> nn.Module:
    options = stft_options(frontend) | {"n_bins": frontend.n_bins, "fmin": frontend.fmin, "fmax": frontend.fmax}
    return Scaled(features.Gammatonegram(**options), frontend, gives_power=True)


def cqt(frontend: Frontend) -> nn.Module:
    return Scaled(features.CQT1992v2(**cqt_options(frontend)), frontend)


def cqt_by_octaves(frontend: Frontend) -> nn.Module:
    # earlydownsample, its default, gives magnitudes of another scale.
    layer = features.CQT2010v2(**cqt_options(frontend), earlydownsample=False)
    return Scaled(layer, frontend)


def vqt(frontend: Frontend) -> nn.Module:
    layer = features.VQT(**cqt_options(frontend), gamma=frontend.bandwidth_offset, earlydownsample=False)
    return Scaled(layer, frontend)
