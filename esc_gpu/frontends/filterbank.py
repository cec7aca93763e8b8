"""A filter bank over the power of frames: what mel, linear, gammatone and chroma features share."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from esc_gpu.core.user_warning import warn_user
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.framed import FramedFrontend
from esc_gpu.frontends.levels import Levels, ScaledPower
from esc_gpu.frontends.scaling import AMIN, limit_range, power_to_db, relative_db
from esc_gpu.frontends.sharing import reuse
from esc_gpu.frontends.spectrogram import STFTFrontend
from esc_gpu.frontends.unequal import own_frames

# Bands of one matrix product on a CPU: the triangles of so many span few FFT bins.
RUN = 16


class FramedFilterbank(FramedFrontend):
    """A bank `(n_bands, n_fft // 2 + 1)` over the power of frames.

    A subclass gives `filterbank` and `bank_options`.
    """

    bank: Tensor
    band_exponent = 2.0  # of the magnitudes of which the bands are sums
    bands_word = "n_bins", "bands"  # the option with their number, and what they are called

    def filterbank(self) -> Tensor:
        """`(n_bands, n_fft // 2 + 1)` float64 weights of the power."""
        raise NotImplementedError

    @property
    def bank_options(self) -> tuple[object, ...]:
        """What `filterbank` depends on, beside `sample_rate` and `n_fft`."""
        raise NotImplementedError

    def warn_of_empty_bands(self) -> None:
        """Bands so narrow that no FFT bin falls into them are constant: legal, as in librosa, and rarely meant."""
        sums = self.filterbank().sum(dim=1)
        empty = int((sums == 0).sum())
        if empty:
            option, bands = self.bands_word
            warn_user(f"{empty} of {len(sums)} {bands} hold no FFT bin: lower {option}, raise n_fft or raise fmin")

    def build_bank(self) -> None:
        """Register the weights."""
        bank = self.filterbank().T.contiguous()  # (F, n_bands)
        self.register_buffer("bank", bank.float(), persistent=False)
        self.runs = band_runs(bank.numpy())

    def band_power(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        """`(B, T)` → power of the bands `(B, N, n_bands)`, once for all members of a stack with the same bank."""
        power = reuse(shared, self.band_key, lambda: self.reduce_shared_power(waveform, shared, self.weigh))
        return own_frames(power, shared, dim=1)

    def band_db(
        self, waveform: Tensor, shared: Shared | None = None, amin: float = AMIN, offset: float = 0.0
    ) -> Tensor:
        """`band_power` plus `offset` in dB, with no limit to its range."""
        key = ("db", amin, offset, *self.band_key)

        def in_db() -> Tensor:
            power = self.band_power(waveform, shared)
            return power_to_db(power + offset if offset > 0 else power, None, amin=amin)

        return reuse(shared, key, in_db)

    @property
    def band_key(self) -> tuple[object, ...]:
        """What the bands depend on, beside the clips."""
        return ("bands", self.band_exponent, *self.bank_options, type(self).filterbank, *self.power_key)

    def weigh(self, power: Tensor) -> Tensor:
        """`(B, N, F)` → `(B, N, n_bands)`."""
        if power.is_cuda or torch.compiler.is_compiling() or len(self.runs) == 1:
            return power @ self.bank  # there a few more zeros cost less than a few more calls
        parts = [power[..., low:high] @ self.bank[low:high, first : first + RUN] for first, low, high in self.runs]
        return torch.cat(parts, dim=-1)


class FilterbankFrontend(FramedFilterbank, STFTFrontend):
    """An STFT and a bank `(n_bands, n_fft // 2 + 1)` over its power.

    A subclass gives `filterbank` and `bank_options`; a backend overrides `build` and `band_power`.
    """

    def build(self) -> None:
        super().build()
        self.build_bank()


class BandLevels(Levels, FilterbankFrontend):
    """The bands as levels; they are sums of magnitudes to the power of the option `power`.

    Args:
        power: exponent of the magnitudes of which the bands are sums: 2 for bands of power, 1 for bands of magnitude.
    """

    def __init__(self, *, power: float = 2.0, **levels: Any):
        super().__init__(power=power, **levels)

    def weigh(self, power: Tensor) -> Tensor:
        return super().weigh(self.raised(power))

    def band_levels(self, waveform: Tensor, shared: Shared | None) -> Tensor:
        """`band_power` in `scale`."""
        if shared is None or self.scale != "db":
            return self.rescale(self.band_power(waveform, shared))
        db = self.band_db(waveform, shared, self.floor, self.log_offset)
        return relative_db(limit_range(db, self.top_db), self.ref, self.floor)


class BandSpectrogram(ScaledPower, BandLevels):
    """The bands themselves, `(B, 1, n_bands, N)`."""

    windows_int16 = True

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.build()

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        return self.band_levels(waveform, shared).transpose(-1, -2).unsqueeze(1)


def triangles(edges: np.ndarray, sample_rate: int, n_fft: int, norm: str | None) -> np.ndarray:
    """`(n_bands, n_fft // 2 + 1)` float64: band k rises from edge k in Hz to its centre k + 1 and falls to k + 2.

    `norm="slaney"` gives every triangle the same area (height 2 / width in Hz), `None` the peak 1.
    """
    edges = edges[:, None]
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    rising = (bins - lower) / (centre - lower)
    falling = (upper - bins) / (upper - centre)
    weights = np.maximum(0.0, np.minimum(rising, falling))
    return weights * (2.0 / (upper - lower)) if norm == "slaney" else weights


def band_runs(bank: np.ndarray) -> list[tuple[int, int, int]]:
    """Runs of `RUN` bands as (first band, first FFT bin, last + 1); one run of all where that saves little.

    `bank` is `(F, n_bands)`.
    """
    n_bins, n_bands = bank.shape
    runs = []
    for first in range(0, n_bands, RUN):
        used = np.flatnonzero((bank[:, first : first + RUN] != 0).any(axis=1))
        runs.append((first, int(used[0]), int(used[-1]) + 1) if len(used) else (first, 0, 1))
    work = sum(high - low for _, low, high in runs)
    return runs if work < 0.5 * n_bins * len(runs) else [(0, 0, n_bins)]
