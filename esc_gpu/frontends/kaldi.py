"""Kaldi's features: log-mel filter banks and cepstra."""

import math
from typing import Any

import torch
from torch import Tensor

from esc_gpu.core.checks import check_choice, check_int, check_not_negative, check_weights
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.cepstral import dct_matrix
from esc_gpu.frontends.kaldi_frames import EPSILON, KaldiFrontend
from esc_gpu.frontends.mel import mel_frequencies
from esc_gpu.frontends.scaling import audible_magnitude, check_log, take_log


class KaldiFbank(KaldiFrontend):
    """Kaldi's log-mel filter banks `(B, 1, n_mels, N)`, as its `compute-fbank-feats`.

    With `use_energy` a row more, `(B, 1, n_mels + 1, N)`: the logarithm of each frame's energy, as the first row (the
    last one with `htk_compat`).

    Args:
        mel_power: 2 for bands of the power, 1 for bands of the magnitude.
        log: "ln", as in Kaldi, "log10", "db" (`10 log10`), "log1p", or None for the bands as they are.
        log_floor: what the bands are raised to before the logarithm.
        log_offset: what is added to the bands before the logarithm.
        win_length, hop_length, n_fft, window, n_mels, fmin, fmax and the others: as in `KaldiFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Povey et al. (2011), "The Kaldi speech recognition toolkit"; feat/feature-fbank.cc there.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import KaldiFbank
    >>> KaldiFbank(sample_rate=16000, n_mels=80)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 80, 98])
    """

    name = "kaldi_fbank"

    def __init__(
        self,
        *,
        mel_power: float = 2.0,
        log: str | None = "ln",
        log_floor: float = EPSILON,
        log_offset: float = 0.0,
        **frames: Any,
    ):
        super().__init__(**frames)
        check_choice("mel_power", mel_power, (1.0, 2.0))
        check_log(log, log_floor, log_offset)
        self.mel_power = float(mel_power)
        self.log, self.log_floor, self.log_offset = log, float(log_floor), float(log_offset)
        self.build()

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        rows = take_log(self.bands(waveform, shared), self.log, self.log_floor, self.log_offset)  # (B, N, n_mels)
        if self.use_energy:
            energy = self.log_energy(waveform, shared)
            rows = torch.cat([rows, energy] if self.htk_compat else [energy, rows], dim=-1)
        return rows.transpose(-1, -2).unsqueeze(1)

    def bands(self, waveform: Tensor, shared: Shared | None) -> Tensor:
        """`(B, T)` → bands of the power or of the magnitude, `(B, N, n_mels)`."""
        if self.mel_power == 2:
            return self.band_power(waveform, shared)
        return self.reduce_shared_power(waveform, shared, lambda power: self.weigh(audible_magnitude(power)))

    @property
    def value_unit(self) -> str:
        """That of the bands; the energy is its natural logarithm whatever `log` is."""
        bands = "power" if self.mel_power == 2 else "magnitude"
        return bands if self.log is None else "dB" if self.log == "db" else f"{self.log} {bands}"

    @property
    def frequencies(self) -> Tensor:
        """`(n_mels,)` Hz; the energy, which has no frequency, stands at 0 or, behind the bands, at half the rate."""
        centres = torch.from_numpy(mel_frequencies(self.n_mels, self.fmin, self.fmax, "htk")[1:-1]).float()
        if not self.use_energy:
            return centres
        energy = torch.tensor([self.sample_rate / 2 if self.htk_compat else 0.0])
        return torch.cat([centres, energy] if self.htk_compat else [energy, centres])


class KaldiMFCC(KaldiFrontend):
    """Kaldi's mel-frequency cepstral coefficients `(B, 1, n_mfcc, N)`, as its `compute-mfcc-feats`.

    The orthonormal DCT-II of the natural logarithm of the mel bands' powers, liftered. With `use_energy` the first
    coefficient is the logarithm of the frame's energy instead. With `htk_compat` it stands last, and as a coefficient
    is `sqrt(2)` times as large.

    Args:
        n_mfcc: number of coefficients, at most `n_mels`.
        lifter: Q of the factors `1 + Q / 2 sin(pi k / Q)` of coefficient k; 0 for none.
        use_energy: put the logarithm of each frame's energy in the place of the first coefficient.
        win_length, hop_length, n_fft, window, n_mels, fmin, fmax and the others: as in `KaldiFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Povey et al. (2011), "The Kaldi speech recognition toolkit"; feat/feature-mfcc.cc there. The lifter: Young
    et al., "The HTK Book", section 5.6.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import KaldiMFCC
    >>> KaldiMFCC(sample_rate=16000)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 13, 98])
    """

    name = "kaldi_mfcc"
    bin_unit = "coefficient"
    is_signed = True
    cepstra: Tensor

    def __init__(self, *, n_mfcc: int = 13, lifter: float = 22.0, use_energy: bool = True, **frames: Any):
        super().__init__(use_energy=use_energy, **frames)
        check_int("n_mfcc", n_mfcc, 1, self.n_mels)
        check_weights("n_mfcc", n_mfcc, self.n_mels)
        check_not_negative("lifter", lifter)
        self.n_mfcc = n_mfcc
        self.lifter = float(lifter)
        self.build()

    def build(self) -> None:
        super().build()
        cepstra = dct_matrix(self.n_mfcc, self.n_mels)
        if self.lifter > 0:
            cepstra *= 1 + self.lifter / 2 * torch.sin(torch.pi * torch.arange(self.n_mfcc).double() / self.lifter)
        if self.htk_compat:
            cepstra[:, 0] *= math.sqrt(2)
        self.register_buffer("cepstra", cepstra.float(), persistent=False)

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        rows = take_log(self.band_power(waveform, shared), "ln", EPSILON, 0.0) @ self.cepstra  # (B, N, n_mfcc)
        first = self.log_energy(waveform, shared) if self.use_energy else rows[..., :1]
        if self.use_energy or self.htk_compat:
            rows = torch.cat([rows[..., 1:], first] if self.htk_compat else [first, rows[..., 1:]], dim=-1)
        return rows.transpose(-1, -2).unsqueeze(1)

    @property
    def frequencies(self) -> Tensor:
        return torch.arange(self.n_mfcc).float()
