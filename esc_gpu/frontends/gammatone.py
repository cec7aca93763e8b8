"""Gammatone filter bank over the power of an STFT: a spectrogram on the ear's frequency scale."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from esc_gpu.core.checks import check_frequency_range, check_int, check_weights
from esc_gpu.frontends.filterbank import BandSpectrogram, FilterbankFrontend


def erb_frequencies(n_bins: int, fmin: float, fmax: float) -> np.ndarray:
    """`(n_bins,)` Hz between `fmin` and `fmax`, evenly spaced on the ERB-rate scale.

    Source: Glasberg & Moore (1990), eq. 4: `21.4 log10(1 + 0.00437 f)`.
    """
    low, high = 21.4 * np.log10(1 + 0.00437 * np.array([fmin, fmax]))
    rates = np.linspace(low, high, n_bins + 2)[1:-1]
    return (10 ** (rates / 21.4) - 1) / 0.00437


def gammatone_response(centre: float, frequencies: np.ndarray, sample_rate: int) -> np.ndarray:
    """Complex response at `frequencies` in Hz of the filter `t**3 exp(-2 pi b t) cos(2 pi centre t)`, not normalised.

    The sum over the samples in closed form: `n**3 x**n` adds up to `x (1 + 4 x + x**2) / (1 - x)**4`. Its bandwidth is
    `b = 1.019 ERB(centre)` (Patterson et al. 1987), the ERB that of Glasberg & Moore (1990), eq. 3. Multiplied
    out to the coefficients of one recursive filter, as in `scipy.signal.gammatone`, low filters are unstable.
    """
    bandwidth = 1.019 * 24.7 * (4.37e-3 * centre + 1)
    pole = np.exp(2 * np.pi * (-bandwidth + 1j * centre) / sample_rate)
    delay = np.exp(-2j * np.pi * frequencies / sample_rate)
    terms = [x * (1 + 4 * x + x**2) / (1 - x) ** 4 for x in (pole * delay, pole.conj() * delay)]
    return terms[0] + terms[1]


def gammatone_filterbank(sample_rate: int, n_fft: int, n_bins: int, fmin: float, fmax: float) -> np.ndarray:
    """`(n_bins, n_fft // 2 + 1)` float64: squared magnitude response of each fourth-order filter, 1 at its centre."""
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    centres = erb_frequencies(n_bins, fmin, fmax)
    rows = [
        gammatone_response(centre, bins, sample_rate) / gammatone_response(centre, centre, sample_rate)
        for centre in centres
    ]
    return np.abs(np.stack(rows)) ** 2


class GammatoneFrontend(FilterbankFrontend):
    """What the gammatone spectrogram and GFCC share: an STFT and the gammatone filter bank over its power.

    Args:
        n_bins: number of filters.
        fmin: lowest centre in Hz.
        fmax: highest centre in Hz; None for half the sample rate.
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.
    """

    def __init__(self, *, n_bins: int = 64, fmin: float = 50.0, fmax: float | None = None, **stft: Any):
        super().__init__(**stft)
        check_int("n_bins", n_bins, 1)
        check_weights("n_bins", n_bins, self.n_fft // 2 + 1)
        self.n_bins = n_bins
        self.fmin, self.fmax = check_frequency_range(fmin, fmax, self.sample_rate)

    def filterbank(self) -> Tensor:
        return torch.from_numpy(gammatone_filterbank(self.sample_rate, self.n_fft, self.n_bins, self.fmin, self.fmax))

    @property
    def bank_options(self) -> tuple[object, ...]:
        return self.n_bins, self.fmin, self.fmax


class Gammatone(BandSpectrogram, GammatoneFrontend):
    """Gammatone spectrogram `(B, 1, n_bins, N)`: the power that each filter passes, frame by frame.

    Args:
        n_bins, fmin, fmax and those of the STFT: as in `GammatoneFrontend`.
        power: as in `BandLevels`.
        scale, log_offset, top_db, ref, amin: as in `ScaledPower`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Patterson et al. (1987); the filters as in `gammatone_filterbank`.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import Gammatone
    >>> Gammatone(sample_rate=16000, n_bins=64)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 64, 32])
    """

    name = "gammatone"

    @property
    def frequencies(self) -> Tensor:
        return torch.from_numpy(erb_frequencies(self.n_bins, self.fmin, self.fmax)).float()
