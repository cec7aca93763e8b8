"""Short-time Fourier transform and the spectrogram."""

import scipy.signal
import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.checks import check_choice, check_int, check_string
from esc_gpu.frontends.scaling import check_scale, check_top_db, rescale_power

PAD_MODES = ("reflect", "constant")


def make_window(window: str, win_length: int, n_fft: int) -> Tensor:
    """Periodic window of `win_length` samples in the middle of `n_fft`, float64, as librosa pads it."""
    check_string("window", window)
    try:
        values = scipy.signal.get_window(window, win_length, fftbins=True)
    except ValueError as error:
        raise EscGpuError(
            f"window must be a name that scipy.signal.get_window knows, got {window!r}: {error}"
        ) from error
    left = (n_fft - win_length) // 2
    return F.pad(torch.from_numpy(values), (left, n_fft - win_length - left))


class STFTFrontend(Frontend):
    """What all features of one short-time Fourier transform share: its options, its axes, its power.

    Inside, frames come before bins, `(B, N, F)`: the layout in which the FFT writes and a filter bank
    multiplies fastest. A backend overrides `build`, which registers the constants, and `power`.

    Args:
        sample_rate: samples per second.
        n_fft: samples of a frame; win_length: samples of the window in its middle (None: `n_fft`).
        hop_length: samples between frames.
        window: a name for `scipy.signal.get_window`.
        pad_mode: "reflect" or "constant" (zeros), at both ends, so that frame n is centred on n * hop_length.
    """

    def __init__(
        self,
        *,
        sample_rate: int = 44100,
        n_fft: int = 2048,
        win_length: int | None = None,
        hop_length: int = 512,
        window: str = "hann",
        pad_mode: str = "reflect",
    ):
        super().__init__(sample_rate, hop_length)
        check_int("n_fft", n_fft, 2)
        win_length = n_fft if win_length is None else win_length
        check_int("win_length", win_length, 1, n_fft)
        check_choice("pad_mode", pad_mode, PAD_MODES)
        make_window(window, win_length, n_fft)  # refuses an unknown name, for every backend
        self.n_fft = n_fft
        self.win_length = win_length
        self.window = window
        self.pad_mode = pad_mode
        self.min_samples = n_fft // 2 + 1 if pad_mode == "reflect" else 1

    def build(self) -> None:
        """Register the constants."""
        window = make_window(self.window, self.win_length, self.n_fft)
        self.register_buffer("stft_window", window.float(), persistent=False)

    def power(self, waveform: Tensor) -> Tensor:
        """`(B, T)` → `|STFT|²` `(B, N, n_fft // 2 + 1)`; frames are centred, the ends padded by `pad_mode`."""
        padded = F.pad(waveform, (self.n_fft // 2, self.n_fft // 2), mode=self.pad_mode)
        frames = padded.unfold(-1, self.n_fft, self.hop_length)  # (B, N, n_fft)
        spectrum = torch.fft.rfft(frames * self.stft_window)
        return spectrum.real.square() + spectrum.imag.square()

    def n_frames(self, n_samples: int) -> int:
        # An odd n_fft is padded by one sample less than itself.
        return (n_samples - self.n_fft % 2) // self.hop_length + 1

    @property
    def fft_frequencies(self) -> Tensor:
        """`(n_fft // 2 + 1,)` Hz."""
        return torch.arange(self.n_fft // 2 + 1) * (self.sample_rate / self.n_fft)


class Spectrogram(STFTFrontend):
    """Spectrogram of the short-time Fourier transform, `(B, 1, n_fft // 2 + 1, N)`.

    Args:
        sample_rate, n_fft, win_length, hop_length, window, pad_mode: as in `STFTFrontend`.
        scale: "db" (`10 log10(power)`, floor -100 dB), "power" or "magnitude".
        top_db: range kept under each clip's maximum, in dB; None for no limit. Only for `scale="db"`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Allen & Rabiner (1977), "A unified approach to short-time Fourier analysis and synthesis".
    """

    name = "spectrogram"

    def __init__(self, *, scale: str = "db", top_db: float | None = 80.0, **stft: object):
        super().__init__(**stft)
        self.scale = check_scale(scale)
        self.top_db = check_top_db(top_db)
        self.build()

    def features(self, waveform: Tensor) -> Tensor:
        return rescale_power(self.power(waveform), self.scale, self.top_db).transpose(-1, -2).unsqueeze(1)

    @property
    def frequencies(self) -> Tensor:
        return self.fft_frequencies
