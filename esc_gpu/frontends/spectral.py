"""Descriptors of each frame's spectrum: centroid, bandwidth, roll-off, flatness and contrast."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from esc_gpu.core.checks import check_int, check_number
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.scaling import audible_magnitude, power_to_db, power_to_magnitude
from esc_gpu.frontends.spectrogram import STFTFrontend


def safe_power(base: Tensor, exponent: float) -> Tensor:
    """`base ** exponent` of what is not negative, with gradient 0 at 0, where it can be infinite."""
    if exponent == 1:
        return base
    positive = base > 0
    return torch.where(positive, base, 1.0).pow(exponent) * positive


class SpectralDescriptor(STFTFrontend):
    """What the descriptors share: some numbers for each frame, reduced from the power of an STFT.

    A stack computes the power once for all its descriptors; one alone reduces it block by block.

    Args:
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.
    """

    bin_hz: Tensor
    bin_unit = "feature"
    takes_whole_power = True

    def build(self) -> None:
        super().build()
        self.register_buffer("bin_hz", self.fft_frequencies.float(), persistent=False)

    def describe(self, power: Tensor) -> Tensor:
        """Power `(b, n, n_fft // 2 + 1)` → numbers `(b, n, ...)` that depend on their own frame alone."""
        raise NotImplementedError

    def descriptors(self, waveform: Tensor, shared: Shared | None) -> Tensor:
        """`describe` of all frames, `(B, N, ...)`."""
        if shared is None:
            return self.reduced_power(waveform, self.describe)
        return self.describe(self.shared_power(waveform, shared))

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        return self.descriptors(waveform, shared).transpose(-1, -2).unsqueeze(1)

    @property
    def frequencies(self) -> Tensor:
        """`(1,)`: the only row is no frequency."""
        return torch.zeros(1)


class SpectralCentroid(SpectralDescriptor):
    """Mean frequency of each frame in Hz, weighted by magnitude: `(B, 1, 1, N)`, 0 for silence.

    As `librosa.feature.spectral_centroid`.

    Args:
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Klapuri & Davy (2006), "Signal Processing Methods for Music Transcription", chapter 5.
    """

    name = "spectral_centroid"
    value_unit = "Hz"

    def __init__(self, **stft: Any):
        super().__init__(**stft)
        self.build()

    def describe(self, power: Tensor) -> Tensor:
        return self.moments(power)[1]

    def moments(self, power: Tensor) -> tuple[Tensor, Tensor]:
        """Magnitudes with the sum 1 (0 for silence) `(b, n, F)` and their mean frequency in Hz `(b, n, 1)`."""
        magnitude = audible_magnitude(power)
        total = magnitude.sum(dim=-1, keepdim=True)
        weights = magnitude / torch.where(total > 0, total, 1.0)
        # A matrix product would be rounded to TF32 where the caller allows that.
        return weights, (weights * self.bin_hz).sum(dim=-1, keepdim=True)


class SpectralBandwidth(SpectralCentroid):
    """Spread of each frame's spectrum around its centroid in Hz: `(B, 1, 1, N)`, 0 for silence.

    `sum(weight * |frequency - centroid| ** p) ** (1 / p)` with magnitudes as weights, which sum to 1: the
    standard deviation for `p=2`. As `librosa.feature.spectral_bandwidth`.

    Args:
        p: order of the deviation, above 0.
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Klapuri & Davy (2006), "Signal Processing Methods for Music Transcription", chapter 5.
    """

    name = "spectral_bandwidth"

    def __init__(self, *, p: float = 2.0, **stft: Any):
        super().__init__(**stft)
        check_number("p", p, above=0)
        self.p = float(p)

    def describe(self, power: Tensor) -> Tensor:
        weights, centroid = self.moments(power)
        nyquist = self.sample_rate / 2
        # In units of the Nyquist frequency: a high power of Hz overflows.
        deviation = (self.bin_hz - centroid).abs() / nyquist
        spread = (weights * safe_power(deviation, self.p)).sum(dim=-1, keepdim=True)
        return nyquist * safe_power(spread, 1 / self.p)


class SpectralRolloff(SpectralDescriptor):
    """Frequency in Hz up to which each frame has a share of its magnitude: `(B, 1, 1, N)`, 0 for silence.

    The lowest FFT frequency whose magnitude, with all below it, sums to at least `roll_percent` of the
    total. As `librosa.feature.spectral_rolloff`. It moves from bin to bin: its gradient is 0 everywhere.

    Args:
        roll_percent: the share, between 0 and 1, despite its name.
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Scheirer & Slaney (1997), "Construction and evaluation of a robust multifeature speech/music
    discriminator", there of 95 % of the power.
    """

    name = "spectral_rolloff"
    value_unit = "Hz"

    def __init__(self, *, roll_percent: float = 0.85, **stft: Any):
        super().__init__(**stft)
        check_number("roll_percent", roll_percent, above=0)
        if roll_percent >= 1:
            raise EscGpuError(f"roll_percent must be a share between 0 and 1, such as 0.85, got {roll_percent!r}")
        self.roll_percent = float(roll_percent)
        self.build()

    def describe(self, power: Tensor) -> Tensor:
        below = audible_magnitude(power).cumsum(dim=-1)
        missing = self.roll_percent * below[..., -1:] - below
        # The sums rise: the number of bins that lack something is the index of the first that does not. `sign`
        # has gradient 0, where a comparison has none and a backward pass would fail.
        n_lacking = torch.sign(missing).clamp_min(0.0).sum(dim=-1, keepdim=True)
        return n_lacking * (self.sample_rate / self.n_fft)


class SpectralFlatness(SpectralDescriptor):
    """Geometric over arithmetic mean of each frame's spectrum: `(B, 1, 1, N)`, from 0 (a tone) to 1 (flat).

    As `librosa.feature.spectral_flatness`. Silence, all of it at the floor, is flat: 1.

    Args:
        amin: floor of `magnitude ** power`.
        power: exponent of the magnitudes, 2 for the power spectrum.
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Dubnov (2004), "Generalization of spectral flatness measure for non-Gaussian linear processes".
    """

    name = "spectral_flatness"

    def __init__(self, *, amin: float = 1e-10, power: float = 2.0, **stft: Any):
        super().__init__(**stft)
        check_number("amin", amin, above=0)
        check_number("power", power, above=0)
        self.amin = float(amin)
        self.exponent = float(power)
        self.build()

    @property
    def options(self) -> dict[str, Any]:
        return super().options | {"power": self.exponent}  # `self.power` is the spectrum

    def describe(self, power: Tensor) -> Tensor:
        spectrum = safe_power(power, self.exponent / 2).clamp_min(self.amin)
        log_mean = spectrum.log().mean(dim=-1, keepdim=True)
        return log_mean.exp() / spectrum.mean(dim=-1, keepdim=True)


class SpectralContrast(SpectralDescriptor):
    """Peaks over valleys of each frame's spectrum in octave bands, in dB: `(B, 1, n_bands + 1, N)`.

    The first band goes up to `fmin`, each other one an octave further, the last one to half the sample rate. A
    peak is the mean of a band's largest magnitudes, a valley that of its smallest. As
    `librosa.feature.spectral_contrast`, which takes `10 log10` of these magnitudes and keeps 80 dB of the peaks
    and 80 dB of the valleys, each under the clip's own maximum.

    Args:
        n_bands: number of octaves.
        fmin: upper edge of the first band in Hz.
        quantile: share of a band's FFT bins that its peak and its valley are taken of, at least one bin.
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.

    Raises:
        EscGpuError: for an option out of range, bands above half the sample rate or without an FFT bin among them.

    Source: Jiang, Lu, Zhang, Tao & Cai (2002), "Music type classification by spectral contrast feature", eq. 1-3.
    """

    name = "spectral_contrast"
    bin_unit = "Hz"
    value_unit = "dB"

    def __init__(self, *, n_bands: int = 6, fmin: float = 200.0, quantile: float = 0.02, **stft: Any):
        super().__init__(**stft)
        check_int("n_bands", n_bands, 1)
        check_number("fmin", fmin, above=0)
        check_number("quantile", quantile, above=0)
        if quantile >= 1:
            raise EscGpuError(f"quantile must be a share between 0 and 1, such as 0.02, got {quantile!r}")
        self.n_bands = n_bands
        self.fmin = float(fmin)
        self.quantile = float(quantile)
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
        return (power_to_db(peaks) - power_to_db(valleys)).transpose(-1, -2).unsqueeze(1)

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
