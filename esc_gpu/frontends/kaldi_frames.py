"""Frames as Kaldi cuts and prepares them, and its mel bands of their power."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.core.checks import (
    check_bool,
    check_choice,
    check_frequency_range,
    check_int,
    check_not_negative,
    check_number,
    check_share,
    check_weights,
)
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.blocks import exporting
from esc_gpu.frontends.dft import FactoredDFT
from esc_gpu.frontends.filterbank import FramedFilterbank
from esc_gpu.frontends.framing import Count, Framing
from esc_gpu.frontends.mel import mel_triangles
from esc_gpu.frontends.scaling import squared_magnitude
from esc_gpu.frontends.sharing import reuse
from esc_gpu.frontends.windows import KALDI_WINDOWS, kaldi_window

# Under its logarithms stands float32's epsilon.
EPSILON = float(np.finfo(np.float32).eps)


class KaldiFrontend(FramedFilterbank):
    """What Kaldi's filter banks and cepstra share: frames, each prepared alone, and triangles in mel over their power.

    From each frame its mean is taken off, then the share `preemphasis` of the sample before (of the first sample: of
    itself). It is multiplied by the window and filled up with zeros to `n_fft`. No noise is added ("dither").

    Args:
        win_length: samples of a frame; None for 25 ms.
        hop_length: samples between frames; None for 10 ms.
        n_fft: samples of the Fourier transform; None for the next power of 2 from `win_length` on.
        window: "povey" (a Hann window to the power of 0.85), "hanning", "hamming", "blackman", "sine" or "rectangular".
        periodic: make the window periodic, as scipy's and TensorFlow's are, in place of symmetric, as Kaldi's are.
        snip_edges: True for the frames that lie within the clip, the first one from its first sample on. False for a
            frame around the middle of each hop; what reaches beyond an end is filled with the clip mirrored there.
        preemphasis: share of the sample before that is taken off each sample, from 0 to 1.
        remove_dc: take off each frame's mean.
        input_scale: what samples are multiplied with first. Kaldi takes 16-bit integers as they are: 32768, which
            decides about its floors and its levels. 1 for samples of full scale ±1.
        n_mels: number of mel bands.
        fmin: lowest edge in Hz.
        fmax: highest edge in Hz; None for half the sample rate.
        use_energy: give the logarithm of each frame's energy, too.
        raw_energy: take the energy before pre-emphasis and window, and not after them.
        energy_floor: floor of the energy; 0 for float32's epsilon.
        htk_compat: put the energy, or the coefficient 0, last, as HTK does.
        sample_rate, input_sample_rate, pad_short: as in `Frontend`.
    """

    bands_word = "n_mels", "mel bands"
    whole_clip = None
    frame_window: Tensor
    window_before: Tensor

    def __init__(
        self,
        *,
        win_length: int | None = None,
        hop_length: int | None = None,
        n_fft: int | None = None,
        window: str = "povey",
        periodic: bool = False,
        snip_edges: bool = True,
        preemphasis: float = 0.97,
        remove_dc: bool = True,
        input_scale: float = 32768.0,
        n_mels: int = 23,
        fmin: float = 20.0,
        fmax: float | None = None,
        use_energy: bool = False,
        raw_energy: bool = True,
        energy_floor: float = 0.0,
        htk_compat: bool = False,
        sample_rate: int = 44100,
        **common: Any,
    ):
        check_int("sample_rate", sample_rate, 1)
        super().__init__(
            milliseconds(10, sample_rate) if hop_length is None else hop_length, sample_rate=sample_rate, **common
        )
        win_length = milliseconds(25, sample_rate) if win_length is None else win_length
        check_int("win_length", win_length, 2)
        n_fft = 1 << (win_length - 1).bit_length() if n_fft is None else n_fft
        check_int("n_fft", n_fft, win_length)
        check_choice("window", window, KALDI_WINDOWS)
        switches = {"periodic": periodic, "snip_edges": snip_edges, "remove_dc": remove_dc, "use_energy": use_energy}
        for option, switch in {**switches, "raw_energy": raw_energy, "htk_compat": htk_compat}.items():
            check_bool(option, switch)
        check_share("preemphasis", preemphasis)
        check_number("input_scale", input_scale, above=0)
        check_not_negative("energy_floor", energy_floor)
        check_int("n_mels", n_mels, 1)
        check_weights("n_mels", n_mels, n_fft // 2 + 1)
        self.win_length, self.n_fft, self.window, self.periodic = win_length, n_fft, window, periodic
        self.snip_edges, self.preemphasis, self.remove_dc = snip_edges, float(preemphasis), remove_dc
        self.input_scale, self.n_mels = float(input_scale), n_mels
        self.fmin, self.fmax = check_frequency_range(fmin, fmax, sample_rate)
        self.use_energy, self.raw_energy, self.htk_compat = use_energy, raw_energy, htk_compat
        self.energy_floor = float(energy_floor)
        self.least = win_length if snip_edges else max(self.hop_length - self.hop_length // 2, (win_length + 1) // 2)
        self.warn_of_empty_bands()

    def build(self) -> None:
        """Register the constants."""
        window = torch.from_numpy(kaldi_window(self.window, self.win_length, self.periodic)) * self.input_scale
        own = window.clone()
        own[0] *= 1 - self.preemphasis  # before the first sample stands itself
        self.register_buffer("frame_window", own.float(), persistent=False)
        self.register_buffer("window_before", (-self.preemphasis * window[1:]).float(), persistent=False)
        self.build_bank()

    def filterbank(self) -> Tensor:
        """`(n_mels, n_fft // 2 + 1)` float64: triangles of peak 1 that are straight over mel, not over Hz."""
        return torch.from_numpy(mel_triangles(self.sample_rate, self.n_fft, self.n_mels, self.fmin, self.fmax))

    @property
    def bank_options(self) -> tuple[object, ...]:
        return self.n_mels, self.fmin, self.fmax

    def frames(self, waveform: Tensor) -> Tensor:
        if not self.snip_edges and not self.is_cut:
            waveform = self.mirrored(waveform)
        return waveform.unfold(-1, self.win_length, self.hop_length)

    def mirrored(self, waveform: Tensor) -> Tensor:
        """The clips with their ends mirrored, first and last sample twice: all that the frames reach."""
        n_samples = waveform.shape[-1]
        before = self.win_length // 2 - self.hop_length // 2
        last = (self.count_frames(n_samples) - 1) * self.hop_length + self.win_length
        after = max(0, last - before - n_samples)
        ends = waveform[:, : max(0, before)].flip(-1), waveform[:, n_samples - after :].flip(-1)
        return torch.cat([ends[0], waveform[:, max(0, -before) :], ends[1]], dim=-1)

    @property
    def framing(self) -> Framing:
        before = 0 if self.snip_edges else self.win_length // 2 - self.hop_length // 2
        return Framing(self.win_length, self.hop_length, before, "symmetric")

    def count_frames(self, n_samples: Count) -> Count:
        if self.snip_edges:
            return (n_samples - self.win_length) // self.hop_length + 1
        return (n_samples + self.hop_length // 2) // self.hop_length

    @property
    def first_seconds(self) -> float:
        first = self.win_length / 2 if self.snip_edges else self.hop_length // 2 + self.win_length % 2 / 2
        return first / self.sample_rate

    def centred(self, frames: Tensor) -> Tensor:
        """The frames without their means."""
        return frames - frames.mean(dim=-1, keepdim=True) if self.remove_dc else frames

    def windowed(self, centred: Tensor) -> Tensor:
        """Pre-emphasis and window in one: both are weights of a sample and of the one before it."""
        windowed = centred * self.frame_window
        if self.preemphasis > 0:
            windowed[..., 1:].addcmul_(centred[..., :-1], self.window_before)
        return windowed

    def frame_power(self, frames: Tensor) -> Tensor:
        windowed = self.windowed(self.centred(frames))
        if exporting():
            padded = F.pad(windowed, (0, self.n_fft - self.win_length))
            return FactoredDFT(self.n_fft).to(padded)(padded)
        return squared_magnitude(torch.fft.rfft(windowed, n=self.n_fft))

    @property
    def power_key(self) -> tuple[object, ...]:
        frames = (self.sample_rate, self.win_length, self.hop_length, self.n_fft, self.window, self.periodic)
        prepared = (self.snip_edges, self.preemphasis, self.remove_dc, self.input_scale)
        return ("kaldi", *frames, *prepared, self.pad_short, self.sharing)

    def log_energy(self, waveform: Tensor, shared: Shared | None) -> Tensor:
        """`(B, T)` → `(B, N, 1)`."""
        key = ("energy", self.raw_energy, *self.power_key)
        energy = reuse(shared, key, lambda: self.reduced_frames(waveform, self.energy))
        return energy.clamp_min(max(EPSILON, self.energy_floor)).log()

    def energy(self, frames: Tensor) -> Tensor:
        """`(b, n, L)` → `(b, n, 1)`."""
        centred = self.centred(frames)
        prepared = centred * self.input_scale if self.raw_energy else self.windowed(centred)
        return prepared.square().sum(dim=-1, keepdim=True)


def milliseconds(duration: int, sample_rate: int) -> int:
    """Samples of a duration in ms, cut as Kaldi cuts them, at least 2."""
    return max(2, int(sample_rate * 0.001 * duration))
