"""Short-time Fourier transform and the spectrogram."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.core.checks import check_bool, check_choice, check_int, check_share
from esc_gpu.core.full_scale import FULL_SCALE
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.blocks import exporting
from esc_gpu.frontends.dft import FactoredDFT
from esc_gpu.frontends.emphasis import STARTS
from esc_gpu.frontends.framed import FramedFrontend
from esc_gpu.frontends.framing import PAD_MODES, Count, Framing, least_samples, torch_mode
from esc_gpu.frontends.levels import ScaledPower
from esc_gpu.frontends.scaling import squared_magnitude
from esc_gpu.frontends.windows import Window, check_window, get_window


def make_window(window: Window, win_length: int, n_fft: int) -> Tensor:
    """Window of `win_length` samples in the middle of `n_fft`, float64, as librosa pads it."""
    values = get_window(window, win_length)
    left = (n_fft - win_length) // 2
    return F.pad(torch.from_numpy(values), (left, n_fft - win_length - left))


class STFTFrontend(FramedFrontend):
    """What all features of one short-time Fourier transform share: its options, its axes, its power.

    A backend overrides `build`, which registers the constants, and `power`.

    Args:
        n_fft: samples of a frame.
        win_length: samples of the window, which lies in the middle of the frame; None for `n_fft`.
        hop_length: samples between frames.
        window: a name for `scipy.signal.get_window`, also with "_symmetric" at its end; Kaldi's "povey"; a list of a
            name and its parameters, such as `["kaiser", 8.6]`; or a list of `win_length` numbers.
        pad_mode: "reflect", "constant" (zeros), "edge" (the first and the last sample; torch's "replicate") or "wrap"
            (the clip's other end; torch's "circular"), at both ends, so that frame n is centred on n * hop_length.
        center: False for the frames that lie within the clip. The first one begins at the first sample, and `pad_mode`
            has no effect.
        preemphasis: share of the sample before that is taken off each sample of a clip, from 0 to 1; 0 for none.
        preemphasis_start: what pre-emphasis does with a clip's first sample: "zero" takes nothing off it, "drop" leaves
            it out, so that frames begin one sample later.
        sample_rate, input_sample_rate, pad_short: as in `Frontend`.
    """

    stft_window: Tensor
    int16_window: Tensor

    def __init__(
        self,
        *,
        n_fft: int = 2048,
        win_length: int | None = None,
        hop_length: int = 512,
        window: Window = "hann",
        pad_mode: str = "reflect",
        center: bool = True,
        preemphasis: float = 0.0,
        preemphasis_start: str = "zero",
        **common: Any,
    ):
        super().__init__(hop_length, **common)
        check_int("n_fft", n_fft, 2)
        win_length = n_fft if win_length is None else win_length
        check_int("win_length", win_length, 1, n_fft)
        check_choice("pad_mode", pad_mode, PAD_MODES)
        check_share("preemphasis", preemphasis)
        check_choice("preemphasis_start", preemphasis_start, STARTS)
        if preemphasis == 0 and preemphasis_start != "zero":
            raise EscGpuError(
                f"preemphasis_start={preemphasis_start!r} has no effect while preemphasis is 0: set preemphasis too"
            )
        check_bool("center", center)
        self.n_fft = n_fft
        self.win_length = win_length
        self.window = check_window(window, win_length)
        self.window_key = str(self.window)  # equal for equal windows alone
        self.pad_mode = pad_mode
        self.center = center
        self.preemphasis = self.emphasis = float(preemphasis)
        self.preemphasis_start = preemphasis_start
        self.n_dropped = int(preemphasis_start == "drop")
        self.least = (least_samples(pad_mode, n_fft // 2) if center else n_fft) + self.n_dropped

    def build(self) -> None:
        """Register the constants."""
        window = make_window(self.window, self.win_length, self.n_fft)
        self.register_buffer("stft_window", window.float(), persistent=False)
        self.register_buffer("int16_window", self.stft_window / FULL_SCALE, persistent=False)

    def frames(self, waveform: Tensor) -> Tensor:
        """`(b, T)` → frames `(b, N, n_fft)`, a view of the padded clips."""
        if self.is_cut or not self.center:
            return waveform.unfold(-1, self.n_fft, self.hop_length)
        ends = (self.n_fft // 2, self.n_fft // 2)
        if waveform.dtype == torch.int16:  # CUDA reflects no integers, but copies any number of 16 bits
            padded = F.pad(waveform.view(torch.float16), ends, mode=torch_mode(self.pad_mode)).view(torch.int16)
        else:
            padded = F.pad(waveform, ends, mode=torch_mode(self.pad_mode))
        return padded.unfold(-1, self.n_fft, self.hop_length)

    def frame_power(self, frames: Tensor) -> Tensor:
        """`(b, n, n_fft)` → `|DFT|²` of the windowed frames, `(b, n, n_fft // 2 + 1)`."""
        windowed = frames * (self.int16_window if frames.dtype == torch.int16 else self.stft_window)
        if exporting():
            return FactoredDFT(self.n_fft).to(windowed)(windowed)
        return squared_magnitude(torch.fft.rfft(windowed))

    @property
    def power_key(self) -> tuple[object, ...]:
        """What the power depends on, beside the clips."""
        options = (self.sample_rate, self.n_fft, self.win_length, self.hop_length, self.window_key, self.pad_mode)
        return ("power", *options, self.center, self.emphasis, self.n_dropped, self.pad_short, self.sharing)

    @property
    def framing(self) -> Framing:
        if not self.center:
            return Framing(self.n_fft, self.hop_length, 0, "constant")
        return Framing(self.n_fft, self.hop_length, self.n_fft // 2, torch_mode(self.pad_mode))

    @property
    def first_seconds(self) -> float:
        return (self.n_dropped + (0.0 if self.center else self.n_fft / 2)) / self.sample_rate

    def count_frames(self, n_samples: Count) -> Count:
        if not self.center:
            return (n_samples - self.n_fft) // self.hop_length + 1
        # An odd n_fft is padded by one sample less than itself.
        return (n_samples - self.n_fft % 2) // self.hop_length + 1


class Spectrogram(ScaledPower, STFTFrontend):
    """Spectrogram of the short-time Fourier transform, `(B, 1, n_fft // 2 + 1, N)`.

    Args:
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.
        scale, power, log_offset, top_db, ref, amin: as in `ScaledPower`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Allen & Rabiner (1977), "A unified approach to short-time Fourier analysis and synthesis".

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import Spectrogram
    >>> Spectrogram(sample_rate=16000, n_fft=512)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 257, 32])
    """

    name = "spectrogram"
    windows_int16 = True
    takes_whole_power = True

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.build()

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        levels = self.rescale(self.raised(self.shared_power(waveform, shared)))
        return levels.transpose(-1, -2).unsqueeze(1)

    @property
    def frequencies(self) -> Tensor:
        return self.fft_frequencies
