"""Spectral contrast: peaks over valleys of the spectrum, octave by octave."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from esc_gpu.core.checks import check_bool, check_int, check_number
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.scaling import power_to_db, power_to_magnitude
from esc_gpu.frontends.spectral import SpectralDescriptor


class SpectralContrast(SpectralDescriptor):
    """Peaks over valleys of each frame's spectrum in octave bands, in dB: `(B, 1, n_bands + 1, N)`.

    The first band goes up to `fmin`, each other one an octave further, the last one to half the sample rate. A
    peak is the mean of a band's largest magnitudes, a valley that of its smallest. As
    `librosa.feature.spectral_contrast`, which takes `10 log10` of these magnitudes and keeps 80 dB of the peaks
    and 80 dB of the valleys, each under the clip's own maximum.

    Args:
        n_bands: number of octaves.
        fmin: upper edge of the first band in Hz.
        quantile: share of a band's FFT bins that form its peak, and its valley; at least one bin.
        linear: give the difference of peak and valley as magnitudes, in place of the decibels of their ratio.
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.

    Raises:
        EscGpuError: for an option out of range, such as bands above half the sample rate or without an FFT bin.

    Source: Jiang, Lu, Zhang, Tao & Cai (2002), "Music type classification by spectral contrast feature", eq. 1-3.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import SpectralContrast
    >>> SpectralContrast(sample_rate=16000, n_bands=5)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 6, 32])
    """

    name = "spectral_contrast"
    limits_own_frames = True
    bin_unit = "Hz"

    def __init__(
        self, *, n_bands: int = 6, fmin: float = 200.0, quantile: float = 0.02, linear: bool = False, **stft: Any
    ):
        super().__init__(**stft)
        check_int("n_bands", n_bands, 1)
        check_number("fmin", fmin, above=0)
        check_number("quantile", quantile, above=0)
        if quantile >= 1:
            raise EscGpuError(f"quantile must be a share between 0 and 1, such as 0.02, got {quantile!r}")
        self.n_bands = n_bands
        self.fmin = float(fmin)
        check_bool("linear", linear)
        self.quantile = float(quantile)
        self.linear = linear
        self.bands = contrast_bands(self.sample_rate, self.n_fft, n_bands, self.fmin, self.quantile)
        self.build()

    def describe(self, power: Tensor) -> Tensor:
        """Valleys and peaks as magnitudes, `(b, n, 2 (n_bands + 1))`."""
        valleys, peaks = [], []
        for first, last, n_taken in self.bands:
            band = power[..., first:last]
            if n_taken == 1:  # many times faster than topk
                valleys.append(band.amin(dim=-1, keepdim=True))
                peaks.append(band.amax(dim=-1, keepdim=True))
            else:
                valleys.append(band.topk(n_taken, largest=False, sorted=False).values)
                peaks.append(band.topk(n_taken, sorted=False).values)
        means = [power_to_magnitude(taken).mean(dim=-1) for taken in (*valleys, *peaks)]
        return torch.stack(means, dim=-1)

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        valleys, peaks = self.descriptors(waveform, shared).chunk(2, dim=-1)
        contrast = peaks - valleys if self.linear else power_to_db(peaks) - power_to_db(valleys)
        return contrast.transpose(-1, -2).unsqueeze(1)

    @property
    def whole_clip(self) -> str | None:  # type: ignore[override]  # of the others it is no option
        return None if self.linear else "it keeps 80 dB under the whole clip's maximum; take another front-end"

    @property
    def value_unit(self) -> str:
        return "magnitude" if self.linear else "dB"

    @property
    def frequencies(self) -> Tensor:
        """`(n_bands + 1,)` Hz, the middle of each band's FFT bins."""
        middles = [(first + last - 1) / 2 for first, last, _ in self.bands]
        return torch.tensor(middles) * (self.sample_rate / self.n_fft)


def contrast_bands(
    sample_rate: int, n_fft: int, n_bands: int, fmin: float, quantile: float
) -> list[tuple[int, int, int]]:
    """Each band's first FFT bin, its last one + 1, and how many bins make a peak or a valley.

    As in librosa a band begins one bin under its lower edge and, but for the last one, leaves out its
    highest bin, which counts for the quantile all the same.
    """
    highest = fmin * 2.0 ** min(n_bands - 1, 1000)  # more octaves would overflow
    if highest >= sample_rate / 2:
        raise EscGpuError(
            f"the highest of n_bands={n_bands} octaves above fmin={fmin:g} Hz would begin at {highest:g} Hz, "
            f"not under half the sample rate ({sample_rate / 2:g} Hz): lower n_bands or fmin"
        )
    edges = np.concatenate([[0.0], fmin * 2.0 ** np.arange(n_bands + 1)])
    frequencies = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    bands = []
    for k, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        bins = np.flatnonzero((frequencies >= low) & (frequencies <= high))
        is_last = k == n_bands
        first = int(bins[0]) - (k > 0) if len(bins) else 0
        stop = len(frequencies) if is_last else first + len(bins) + (k > 0)
        last = stop if is_last else stop - 1
        if not len(bins) or last <= first:
            raise EscGpuError(
                f"the band of spectral contrast from {low:g} to {high:g} Hz holds too few FFT bins, which are "
                f"{sample_rate / n_fft:g} Hz apart: raise fmin or n_fft"
            )
        n_taken = max(1, round(quantile * (stop - first)))
        bands.append((first, last, min(n_taken, last - first)))
    return bands
