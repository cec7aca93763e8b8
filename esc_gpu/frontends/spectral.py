"""Descriptors of each frame's spectrum: centroid, bandwidth, roll-off and flatness."""

from typing import Any

import torch
from torch import Tensor

from esc_gpu.core.checks import check_bool, check_number
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.scaling import audible_magnitude, raise_power
from esc_gpu.frontends.spectrogram import STFTFrontend


class SpectralDescriptor(STFTFrontend):
    """What the descriptors share: some numbers for each frame, reduced from the power of an STFT.

    A stack computes the power once for all its descriptors; one alone reduces it block by block.

    Args:
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.
    """

    bin_hz: Tensor
    bin_unit = "feature"
    windows_int16 = True
    takes_whole_power = True
    whole_clip: str | None = None

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

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import SpectralCentroid
    >>> SpectralCentroid(sample_rate=16000)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 1, 32])
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
        norm: divide the weights by their sum; False takes the magnitudes as they are, so that loud frames are wide.
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Klapuri & Davy (2006), "Signal Processing Methods for Music Transcription", chapter 5.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import SpectralBandwidth
    >>> SpectralBandwidth(sample_rate=16000)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 1, 32])
    """

    name = "spectral_bandwidth"

    def __init__(self, *, p: float = 2.0, norm: bool = True, **stft: Any):
        super().__init__(**stft)
        check_number("p", p, above=0)
        check_bool("norm", norm)
        self.p = float(p)
        self.norm = norm

    def describe(self, power: Tensor) -> Tensor:
        weights, centroid = self.moments(power)
        nyquist = self.sample_rate / 2
        # In units of the Nyquist frequency: a high power of Hz overflows.
        deviation = (self.bin_hz - centroid).abs() / nyquist
        if not self.norm:
            weights = audible_magnitude(power)
        spread = (weights * raise_power(deviation, self.p)).sum(dim=-1, keepdim=True)
        return nyquist * raise_power(spread, 1 / self.p)


class SpectralRolloff(SpectralDescriptor):
    """Frequency in Hz up to which each frame has a share of its magnitude: `(B, 1, 1, N)`, 0 for silence.

    The lowest FFT frequency whose magnitude, with all below it, sums to at least `roll_percent` of the
    total. As `librosa.feature.spectral_rolloff`. It moves from bin to bin: its gradient is 0 everywhere.

    Args:
        roll_percent: share of the magnitude below the roll-off, between 0 and 1 despite its name.
        power: exponent of the magnitudes: 2 for the share of the power.
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Scheirer & Slaney (1997), "Construction and evaluation of a robust multifeature speech/music
    discriminator", which uses 95 % of the power.

    Any device · gradient 0 · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import SpectralRolloff
    >>> SpectralRolloff(sample_rate=16000)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 1, 32])
    """

    name = "spectral_rolloff"
    value_unit = "Hz"

    def __init__(self, *, roll_percent: float = 0.85, power: float = 1.0, **stft: Any):
        super().__init__(**stft)
        check_number("roll_percent", roll_percent, above=0)
        if roll_percent >= 1:
            raise EscGpuError(f"roll_percent must be a share between 0 and 1, such as 0.85, got {roll_percent!r}")
        check_number("power", power, above=0)
        self.roll_percent = float(roll_percent)
        self.exponent = float(power)
        self.build()

    @property
    def options(self) -> dict[str, Any]:
        return super().options | {"power": self.exponent}  # `self.power` is the spectrum

    def describe(self, power: Tensor) -> Tensor:
        below = raise_power(audible_magnitude(power), self.exponent).cumsum(dim=-1)
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

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import SpectralFlatness
    >>> SpectralFlatness(sample_rate=16000)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 1, 32])
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
        spectrum = raise_power(power, self.exponent / 2).clamp_min(self.amin)
        log_mean = spectrum.log().mean(dim=-1, keepdim=True)
        return log_mean.exp() / spectrum.mean(dim=-1, keepdim=True)
