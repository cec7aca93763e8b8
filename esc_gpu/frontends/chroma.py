"""Chroma: the energy of each pitch class, over all octaves."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from esc_gpu.core.checks import check_choice, check_int, check_number, check_weights
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.constant_q import ConstantQ
from esc_gpu.frontends.filterbank import FilterbankFrontend
from esc_gpu.frontends.scaling import SILENT_POWER, check_top_db, power_to_magnitude, under_the_maximum
from esc_gpu.frontends.tuning import STEPS, estimated_step, tunings

CHROMA_NORMS = ("max", "l1", "l2", None)

# The dominance window of librosa.filters.chroma: a Gaussian around 5 octaves above A0 (880 Hz), 2 octaves wide.
CENTRE_OCTAVE = 5.0
OCTAVE_WIDTH = 2.0
_A0 = 440.0 / 16


def chroma_filterbank(
    sample_rate: int,
    n_fft: int,
    n_chroma: int,
    tuning: float,
    ctroct: float = CENTRE_OCTAVE,
    octwidth: float | None = OCTAVE_WIDTH,
) -> np.ndarray:
    """`(n_chroma, n_fft // 2 + 1)` float64 weights of the power, as `librosa.filters.chroma`.

    Every FFT bin gives to the classes around its pitch what a Gaussian says that is as wide as the bin, and at
    least a class. Another Gaussian over octaves, around `ctroct` and as wide as `octwidth` says, weighs the bins; None
    weighs them all alike. Source: Ellis (2007), "Chroma feature analysis and synthesis".
    """
    bins = np.arange(1, n_fft) * (sample_rate / n_fft)
    pitch = n_chroma * np.log2(bins / (_A0 * 2.0 ** (tuning / n_chroma)))
    # 0 Hz has no pitch: it goes half around the circle and one octave under the first bin.
    pitch = np.concatenate([[pitch[0] - 1.5 * n_chroma], pitch])
    width = np.append(np.maximum(np.diff(pitch), 1.0), 1.0)
    half = np.round(n_chroma / 2)
    distance = np.remainder(pitch - np.arange(n_chroma)[:, None] + half, n_chroma) - half
    weights = np.exp(-0.5 * (2 * distance / width) ** 2)
    weights /= np.sqrt((weights**2).sum(axis=0))
    if octwidth is not None:
        weights *= np.exp(-0.5 * ((pitch / n_chroma - ctroct) / octwidth) ** 2)
    return np.roll(weights, -3 * (n_chroma // 12), axis=0)[:, : n_fft // 2 + 1]  # from A to C


def cqt_to_chroma(n_bins: int, bins_per_octave: int, n_chroma: int, fmin: float) -> np.ndarray:
    """`(n_chroma, n_bins)` float64 zeros and ones, as `librosa.filters.cq_to_chroma`.

    `bins_per_octave` is a multiple of `n_chroma`; the bins around a class's own pitch add up.
    """
    merged = bins_per_octave // n_chroma
    octave = np.roll(np.repeat(np.eye(n_chroma), merged, axis=1), -(merged // 2), axis=1)
    bank = np.tile(octave, -(-n_bins // bins_per_octave))[:, :n_bins]
    semitones_above_c = np.mod(12 * (np.log2(fmin) - np.log2(440.0)) + 69, 12)
    return np.roll(bank, int(np.round(semitones_above_c * (n_chroma / 12))), axis=0)


def normalize_classes(classes: Tensor, norm: str | None, dim: int, silent: float | Tensor) -> Tensor:
    """Divide by the norm over `dim`, frame by frame; what is nowhere above `silent` stays as it is."""
    if norm is None:
        return classes
    peak = classes.amax(dim=dim, keepdim=True)
    is_loud = peak > silent
    scaled = classes / torch.where(is_loud, peak, 1.0)  # first, so that squares do not underflow
    if norm == "max":
        return scaled
    total = (scaled if norm == "l1" else scaled.square()).sum(dim=dim, keepdim=True)
    total = torch.where(is_loud, total, 1.0)
    return scaled / (total if norm == "l1" else total.sqrt())


class Chroma(FilterbankFrontend):
    """Chroma of an STFT `(B, 1, n_chroma, N)`, as `librosa.feature.chroma_stft`.

    Args:
        n_chroma: number of pitch classes. The first one is C for a multiple of 12.
        tuning: deviation of the tuning from A4 = 440 Hz, in pitch classes; None to estimate that of each clip, as
            `librosa.estimate_tuning`, in hundredths of a pitch class.
        ctroct: octave above A0 = 27.5 Hz that weighs most; 5 is at 880 Hz.
        octwidth: standard deviation of the weights of octaves around it, in octaves; None for equal weights.
        norm: the norm that divides each frame: "max", "l1", "l2", or None for no division.
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Ellis (2007), "Chroma feature analysis and synthesis".

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import Chroma
    >>> Chroma(sample_rate=16000)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 12, 32])
    """

    name = "chroma"
    windows_int16 = True
    limits_own_frames = True
    bin_unit = "pitch class"
    banks: Tensor

    def __init__(
        self,
        *,
        n_chroma: int = 12,
        tuning: float | None = 0.0,
        ctroct: float = CENTRE_OCTAVE,
        octwidth: float | None = OCTAVE_WIDTH,
        norm: str | None = "max",
        **stft: Any,
    ):
        super().__init__(**stft)
        check_int("n_chroma", n_chroma, 1)
        check_weights("n_chroma", n_chroma, (1 if tuning is not None else STEPS) * (self.n_fft // 2 + 1))
        if tuning is not None:
            check_number("tuning", tuning)
        check_number("ctroct", ctroct)
        if octwidth is not None:
            check_number("octwidth", octwidth, above=0)
        check_choice("norm", norm, CHROMA_NORMS)
        self.n_chroma = n_chroma
        self.tuning = None if tuning is None else float(tuning)
        self.takes_whole_power = tuning is None
        self.ctroct = float(ctroct)
        self.octwidth = None if octwidth is None else float(octwidth)
        self.norm = norm
        self.build()

    def build_bank(self) -> None:
        """Register the weights: of an estimated tuning those for each value that it can have."""
        if self.tuning is not None:
            super().build_bank()
            return
        banks = torch.stack([self.tuned_filterbank(float(tuning)).T.float() for tuning in tunings()])
        self.register_buffer("banks", banks, persistent=False)  # (STEPS, F, n_chroma)

    def filterbank(self) -> Tensor:
        return self.tuned_filterbank(self.tuning or 0.0)

    def tuned_filterbank(self, tuning: float) -> Tensor:
        """`(n_chroma, n_fft // 2 + 1)` float64."""
        bank = chroma_filterbank(self.sample_rate, self.n_fft, self.n_chroma, tuning, self.ctroct, self.octwidth)
        return torch.from_numpy(bank)

    @property
    def bank_options(self) -> tuple[object, ...]:
        return self.n_chroma, self.tuning, self.ctroct, self.octwidth

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        power = self.band_power if self.tuning is not None else self.tuned_power
        classes = normalize_classes(power(waveform, shared), self.norm, -1, SILENT_POWER)
        return classes.transpose(-1, -2).unsqueeze(1)

    def tuned_power(self, waveform: Tensor, shared: Shared | None) -> Tensor:
        """`(B, T)` → power of the pitch classes `(B, N, n_chroma)`, each clip's by its own tuning."""
        power = self.shared_power(waveform, shared)
        steps = estimated_step(power.detach(), self.sample_rate, self.n_fft, self.n_chroma)
        return power @ self.banks[steps]

    @property
    def whole_clip(self) -> str | None:
        return None if self.tuning is not None else "the tuning is estimated from the whole clip; set tuning"

    @property
    def frequencies(self) -> Tensor:
        """`(n_chroma,)` numbers of the classes."""
        return torch.arange(self.n_chroma).float()


class ChromaCQT(ConstantQ):
    """Chroma of a constant-Q transform `(B, 1, n_chroma, N)`, as `librosa.feature.chroma_cqt` of the same CQT.

    Args:
        n_chroma: number of pitch classes. The first one is C.
        norm: the norm that divides each frame: "max", "l1", "l2", or None for no division.
        top_db: frames this many dB below the clip's loudest class count as silence and are not normalised; None for no
            limit, as in librosa, where rounding errors in digital silence become full chords.
        n_bins: bins of the CQT.
        bins_per_octave: bins of each octave, a multiple of `n_chroma`.
        hop_length, fmin, tuning, filter_scale, kernels, window, pad_mode and the others: as in `ConstantQ`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Brown (1991), "Calculation of a constant Q spectral transform", folded as in `cqt_to_chroma`.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import ChromaCQT
    >>> ChromaCQT(sample_rate=16000)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 12, 32])
    """

    name = "chroma_cqt"
    limits_own_frames = True
    bank: Tensor
    bin_unit = "pitch class"

    def __init__(
        self,
        *,
        n_chroma: int = 12,
        norm: str | None = "max",
        top_db: float | None = 80.0,
        n_bins: int = 252,
        bins_per_octave: int = 36,
        **constant_q: Any,
    ):
        super().__init__(n_bins=n_bins, bins_per_octave=bins_per_octave, **constant_q)
        check_int("n_chroma", n_chroma, 1)
        check_choice("norm", norm, CHROMA_NORMS)
        if bins_per_octave % n_chroma:
            raise EscGpuError(f"bins_per_octave must be a multiple of n_chroma={n_chroma}, got {bins_per_octave}")
        self.n_chroma = n_chroma
        self.norm = norm
        self.top_db = check_top_db(top_db)
        self.build()

    def build(self) -> None:
        super().build()
        bank = torch.from_numpy(cqt_to_chroma(self.n_bins, self.bins_per_octave, self.n_chroma, self.fmin))
        self.register_buffer("bank", bank.float(), persistent=False)

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        classes = self.bank @ power_to_magnitude(self.shared_power(waveform, shared))
        silent: float | Tensor = SILENT_POWER**0.5
        if self.top_db is not None:
            silent = (10 ** (-self.top_db / 20) * classes.amax(dim=(1, 2), keepdim=True)).clamp_min(silent)
        return normalize_classes(classes, self.norm, -2, silent).unsqueeze(1)

    @property
    def whole_clip(self) -> str | None:
        return under_the_maximum(self.top_db)

    @property
    def frequencies(self) -> Tensor:
        """`(n_chroma,)` numbers of the classes."""
        return torch.arange(self.n_chroma).float()
