"""The bins of a constant-Q or variable-Q transform: their centres, how wide they are, and how many there can be."""

import reprlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from esc_gpu.core.checks import MOST_WEIGHTS
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.windows import Window, check_window, get_window, is_numbers

C1 = 32.70319566257483  # Hz
BANDWIDTH_SAMPLES = 1000  # of the window whose noise bandwidth stands for those of all kernels
KERNELS = ("brown", "librosa")


def relative_bandwidth(bins_per_octave: int, kernels: str = "brown") -> float:
    """A bin's bandwidth as a share of its frequency.

    That of "brown" is the distance to the next bin. That of "librosa" is the distance between both of its neighbours
    over their sum, as in `librosa.filters.wavelet_lengths`: 3 % less for 12 bins an octave.
    """
    step = 2.0 ** (1.0 / bins_per_octave)
    return float(step - 1.0 if kernels == "brown" else (step**2 - 1.0) / (step**2 + 1.0))


def ear_offset(bins_per_octave: int, kernels: str = "brown") -> float:
    """Hz that make the bandwidths of a VQT as those of the ear: Glasberg & Moore (1990), eq. 3, over its slope."""
    return 24.7 * relative_bandwidth(bins_per_octave, kernels) / 0.108


def check_kernel_window(window: Any) -> Window:
    """A window of any length as plain types.

    Raises:
        EscGpuError: for one that there is not, and for numbers, which have one length.
    """
    if is_numbers(window):
        raise EscGpuError(
            "window of a constant-Q transform must be a name or a list of a name and its parameters, got "
            f"{reprlib.repr(window)}: each bin has a window of its own length"
        )
    return check_window(window, BANDWIDTH_SAMPLES)


def noise_bandwidth(window: Window) -> float:
    """Equivalent noise bandwidth of a window in bins of its DFT (1.5 for Hann's): Harris (1978), eq. 11."""
    values = get_window(window, BANDWIDTH_SAMPLES)
    return float(len(values) * (values**2).sum() / np.abs(values).sum() ** 2)


@dataclass(frozen=True)
class ConstantQBands:
    """`n_bins` bins from `fmin` in Hz on.

    The other options are as in `ConstantQ`, `fmin` is tuned, and `offset` is its `bandwidth_offset` in Hz.
    """

    n_bins: int
    bins_per_octave: int
    fmin: float = C1
    offset: float = 0.0
    filter_scale: float = 1.0
    window: Window = "hann"
    kernels: str = "brown"

    @property
    def centres(self) -> np.ndarray:
        """`(n_bins,)` Hz, `fmin * 2 ** (k / bins_per_octave)`, float64."""
        return self.fmin * 2.0 ** (np.arange(self.n_bins) / self.bins_per_octave)

    @property
    def widths(self) -> np.ndarray:
        """`(n_bins,)` Hz, which `filter_scale` divides."""
        return relative_bandwidth(self.bins_per_octave, self.kernels) * self.centres + self.offset

    def exact_lengths(self, sample_rate: int) -> np.ndarray:
        """`(n_bins,)` samples that the kernels are long, before they are rounded."""
        return self.filter_scale * sample_rate / self.widths

    def lengths(self, sample_rate: int) -> np.ndarray:
        """`(n_bins,)` whole samples: librosa's have as many on either side of the middle one."""
        exact = self.exact_lengths(sample_rate)
        if self.kernels == "brown":
            return np.ceil(exact).astype(int)
        return (np.ceil(exact / 2) + np.floor(exact / 2)).astype(int)

    @property
    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest frequency of each band in Hz, `(n_bins,)` each, as `librosa.filters.wavelet_lengths`."""
        half = 0.5 * noise_bandwidth(self.window) * self.widths / self.filter_scale
        return self.centres - half, self.centres + half

    def count_under(self, hz: float) -> int:
        """Bins whose bands end at `hz` or under it."""
        return int((self.edges[1] <= hz).sum())

    def check(self, name: str, sample_rate: int) -> None:
        """Refuse bands that hold their own mirror images, with which a steady tone would beat, and far too narrow ones.

        Raises:
            EscGpuError: for a band of the front-end `name` that reaches above half the sample rate or below 0 Hz, and
                for kernels of more than `MOST_WEIGHTS` samples in all.
        """
        low, high = self.edges
        fitting = self.count_under(sample_rate / 2)
        if fitting < self.n_bins:
            fewer = f"n_bins to {fitting} or " if fitting else ""
            raise EscGpuError(
                f"the highest of n_bins={self.n_bins} bins of {name}, at {self.centres[-1]:.0f} Hz, would reach up to "
                f"{high[-1]:.0f} Hz, above half the sample rate ({sample_rate / 2:g} Hz): lower {fewer}fmin, or raise "
                "bins_per_octave or filter_scale"
            )
        if low[0] < 0:
            raise EscGpuError(
                f"the lowest bin of {name}, at {self.centres[0]:g} Hz, would reach down to {low[0]:.1f} Hz, below 0: "
                f"raise fmin, bins_per_octave or filter_scale{', or lower gamma' if self.offset else ''}"
            )
        lengths = self.exact_lengths(sample_rate)
        if lengths.sum() > MOST_WEIGHTS:
            raise EscGpuError(
                f"the kernels of {name} would have {lengths.sum():,.0f} samples, the longest {lengths[0]:,.0f}; "
                f"expected up to {MOST_WEIGHTS:,} in all: raise fmin, or lower bins_per_octave or filter_scale"
            )
