"""torchlibrosa's convolution layers on a batch `(B, T)`."""

from torch import Tensor, nn
from torchlibrosa import stft

from benchmarks.peers.librosa_options import stft_options
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.scaling import power_to_db, power_to_magnitude


class Scaled(nn.Module):
    """Layers whose power `(B, 1, N, F)` goes into the front-end's scale; their own `top_db` is the whole batch's."""

    def __init__(self, frontend: Frontend, *layers: nn.Module):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.scale = frontend.scale
        self.top_db = frontend.top_db

    def forward(self, waveform: Tensor) -> Tensor:
        power = self.layers(waveform).transpose(-1, -2)
        if self.scale == "db":
            return power_to_db(power, self.top_db)
        return power if self.scale == "power" else power_to_magnitude(power)


def stft_layer(frontend: Frontend) -> nn.Module:
    """The power of an STFT, `(B, 1, N, n_fft // 2 + 1)`."""
    return stft.Spectrogram(**stft_options(frontend))


def spectrogram(frontend: Frontend) -> nn.Module:
    return Scaled(frontend, stft_layer(frontend))


def logmel(frontend: Frontend) -> nn.Module:
    names = "n_fft", "n_mels", "fmin", "fmax"
    options = {name: getattr(frontend, name) for name in names}
    bank = stft.LogmelFilterBank(sr=frontend.sample_rate, is_log=False, **options)
    return Scaled(frontend, stft_layer(frontend), bank)
