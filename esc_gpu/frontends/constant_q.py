"""Constant-Q transform: long kernels in the frequency domain, short ones in the time domain.

A CQT bin is the clip correlated with a windowed tone and kept every `hop_length` samples. For the low
octaves, whose tones are long, that is a product with the tone's narrow spectrum, and the decimation is a
folding: the product's blocks of `M / hop_length` bins add up (Brown & Puckette 1992, eq. 5, taken over the
whole clip instead of one frame), so that one rfft of the clip serves all of them. For the high octaves,
whose tones are short and spectra wide, it is a matrix product over short frames.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.signal
import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.checks import check_choice, check_int, check_number
from esc_gpu.frontends.scaling import check_scale, check_top_db, rescale_power
from esc_gpu.frontends.spectrogram import PAD_MODES, make_window

# Share of a kernel's energy that its band may leave out: an amplitude error of about 3e-5.
TAIL_ENERGY = 1e-9
# Clip lengths whose spectra are kept at a time: they are some megabytes each.
KEPT_PLANS = 8
# Octaves whose kernels are at most this long are computed in the time domain.
DIRECT_SAMPLES = 2048


def cqt_frequencies(fmin: float, n_bins: int, bins_per_octave: int) -> np.ndarray:
    """`(n_bins,)` Hz, `fmin * 2 ** (k / bins_per_octave)`."""
    return fmin * 2.0 ** (np.arange(n_bins) / bins_per_octave)


Kernel = tuple[np.ndarray, np.ndarray]  # sample offsets from the frame's centre, complex128 values


def cqt_kernel(frequency: float, q: float, sample_rate: int, window: str) -> Kernel:
    """The kernel of one bin.

    A windowed complex tone of `ceil(q * sample_rate / frequency)` samples with L1 norm 1, times the
    square root of its length, as librosa and nnAudio scale it.
    """
    length = int(np.ceil(q * sample_rate / frequency))
    offsets = np.arange(length) - (length + 1) // 2
    tone = scipy.signal.get_window(window, length, fftbins=True) * np.exp(
        2j * np.pi * frequency / sample_rate * offsets
    )
    return offsets, tone / np.abs(tone).sum() * np.sqrt(length)


@dataclass(frozen=True)
class SpectralPlan:
    """Long kernels on the FFT grid of one clip length.

    `octaves` holds for a run of bins the blocks of the clip's spectrum each needs `(bins, J)` and the
    kernels' spectra there `(bins, J, n_fold)`.
    """

    n_fft: int
    n_fold: int
    n_negative: int
    octaves: list[tuple[Tensor, Tensor]]


class CQT(Frontend):
    """Constant-Q transform `(B, 1, n_bins, N)`.

    Args:
        sample_rate: samples per second; hop_length: samples between frames.
        fmin: frequency of the lowest bin in Hz (32.70: the note C1).
        n_bins: number of bins; bins_per_octave: bins of each octave.
        filter_scale: factor on the kernels' length (under 1: better time, worse frequency resolution).
        window: a name for `scipy.signal.get_window`.
        pad_mode: "reflect" or "constant" (zeros), at both ends, so that frame n is centred on n * hop_length.
        scale: "db" (`20 log10(magnitude)`, floor -100 dB), "power" or "magnitude".
        top_db: range kept under each clip's maximum, in dB; None for no limit. Only for `scale="db"`.

    The magnitudes are those of the direct sum over the kernels, to about 3e-5 of their L2 norm; in decibels
    a bin 80 dB under its clip's maximum can be off by one.

    Raises:
        EscGpuError: for an option out of range, a top bin above the Nyquist frequency among them.

    Source: Brown & Puckette (1992), "An efficient algorithm for the calculation of a constant Q transform".
    """

    name = "cqt"

    def __init__(
        self,
        *,
        sample_rate: int = 44100,
        hop_length: int = 512,
        fmin: float = 32.70319566257483,
        n_bins: int = 84,
        bins_per_octave: int = 12,
        filter_scale: float = 1.0,
        window: str = "hann",
        pad_mode: str = "reflect",
        scale: str = "db",
        top_db: float | None = 80.0,
    ):
        super().__init__(sample_rate, hop_length)
        check_int("n_bins", n_bins, 1)
        check_int("bins_per_octave", bins_per_octave, 1)
        check_choice("pad_mode", pad_mode, PAD_MODES)
        make_window(window, 8, 8)  # refuses an unknown name
        check_number("fmin", fmin, above=0)
        check_number("filter_scale", filter_scale, above=0)
        highest = cqt_frequencies(fmin, n_bins, bins_per_octave)[-1]
        if highest > sample_rate / 2:
            raise EscGpuError(
                f"the highest of n_bins={n_bins} CQT bins would be at {highest:.0f} Hz, above half the sample rate "
                f"({sample_rate / 2:g} Hz): lower n_bins or fmin, or raise bins_per_octave"
            )
        self.fmin = float(fmin)
        self.n_bins = n_bins
        self.bins_per_octave = bins_per_octave
        self.filter_scale = float(filter_scale)
        self.window = window
        self.pad_mode = pad_mode
        self.scale = check_scale(scale)
        self.top_db = check_top_db(top_db)
        self.build()

    def build(self) -> None:
        """Sort the octaves by method; spectra are made at the first clip of a length and kept."""
        octaves = [
            range(first, min(first + self.bins_per_octave, self.n_bins))
            for first in range(0, self.n_bins, self.bins_per_octave)
        ]
        kernels = [cqt_kernel(frequency, self.q, self.sample_rate, self.window) for frequency in self.centres()]
        longest = len(kernels[0][0])
        self.pad = (longest + 1) // 2
        self.min_samples = self.pad + 1 if self.pad_mode == "reflect" else 1
        is_short = [len(kernels[octave[0]][0]) <= DIRECT_SAMPLES for octave in octaves]
        self._long = [
            [kernels[k] for k in octave] for octave, short in zip(octaves, is_short, strict=True) if not short
        ]
        self._plans: dict[int, SpectralPlan] = {}
        self.n_direct = sum(is_short)
        for number, octave in enumerate(octaves[len(octaves) - self.n_direct :]):
            matrix = direct_matrix([kernels[k] for k in octave])
            self.register_buffer(f"direct_{number}", matrix.float(), persistent=False)

    @property
    def q(self) -> float:
        """Ratio of a bin's frequency to its bandwidth."""
        return self.filter_scale / (2.0 ** (1.0 / self.bins_per_octave) - 1.0)

    @property
    def frequencies(self) -> Tensor:
        return torch.from_numpy(self.centres()).float()

    def features(self, waveform: Tensor) -> Tensor:
        return rescale_power(self.power(waveform), self.scale, self.top_db).unsqueeze(1)

    def power(self, waveform: Tensor) -> Tensor:
        """`(B, T)` → `|CQT|²` `(B, n_bins, N)`."""
        padded = F.pad(waveform, (self.pad, self.pad), mode=self.pad_mode)
        n_frames = self.n_frames(waveform.shape[-1])
        octaves = self.spectral_octaves(padded, n_frames) if self._long else []
        return torch.cat([*octaves, *self.direct_octaves(padded, n_frames)], dim=1)

    def direct_octaves(self, padded: Tensor, n_frames: int) -> list[Tensor]:
        """Power `(B, bins, N)` of each octave of short kernels, lowest first."""
        octaves = []
        for number in range(self.n_direct):
            matrix = self.get_buffer(f"direct_{number}")  # (length, 2 bins): real parts, imaginary parts
            start = self.pad - (len(matrix) + 1) // 2
            frames = padded[:, start:].unfold(-1, len(matrix), self.hop_length)[:, :n_frames]
            real, imag = (frames @ matrix).transpose(-1, -2).chunk(2, dim=1)
            octaves.append(real.square() + imag.square())
        return octaves

    def spectral_octaves(self, padded: Tensor, n_frames: int) -> list[Tensor]:
        """Power `(B, bins, N)` of all octaves of long kernels, lowest first, in one tensor."""
        n_padded = padded.shape[-1]
        if n_padded not in self._plans:
            if len(self._plans) == KEPT_PLANS:
                del self._plans[next(iter(self._plans))]
            self._plans[n_padded] = self.make_plan(n_padded)
        plan = self._plans[n_padded]
        spectrum = torch.fft.rfft(padded, n=plan.n_fft)
        # The tails of high kernels reach below 0 Hz, where a real signal's spectrum is the mirror image.
        mirrored = spectrum[:, 1 : plan.n_negative + 1].flip(-1).conj()
        # Whole blocks: an odd hop ends in half a block, and few blocks reach below minus the Nyquist frequency.
        left = plan.n_negative - mirrored.shape[-1]
        right = (self.hop_length + 1) // 2 * plan.n_fold - spectrum.shape[-1]  # -1, the Nyquist bin, for an even hop
        spectrum = F.pad(torch.cat([mirrored, spectrum], dim=-1), (left, right))
        blocks = spectrum.unflatten(-1, (-1, plan.n_fold))  # (B, blocks, n_fold)
        folded = [
            (blocks[:, index] * kernels).sum(dim=2)  # (B, bins, J, n_fold) → (B, bins, n_fold)
            for index, kernels in plan.octaves
        ]
        frames = torch.fft.ifft(torch.cat(folded, dim=1))[..., :n_frames]
        return [frames.real.square() + frames.imag.square()]

    @torch.inference_mode(False)  # its tensors are kept for later clips, which may want gradients
    def make_plan(self, n_padded: int) -> SpectralPlan:
        """Kernel spectra on the grid of a padded clip, cut to the bands that hold their energy."""
        n_fold = scipy.fft.next_fast_len(-(-n_padded // self.hop_length))
        n_fft = n_fold * self.hop_length
        bands = [[kernel_band(kernel, self.pad, n_fft) for kernel in octave] for octave in self._long]
        negative_blocks = max(0, *(-(low // n_fold) for octave in bands for low, _ in octave))
        n_blocks = (self.hop_length + 1) // 2 + negative_blocks
        device, dtype = self.precision.device, self.precision.dtype.to_complex()
        octaves = []
        for octave in bands:
            index, kernels = block_kernels(octave, n_fold, negative_blocks, n_blocks)
            octaves.append((index.to(device), (kernels / self.hop_length).to(device, dtype)))
        return SpectralPlan(n_fft, n_fold, negative_blocks * n_fold, octaves)

    def centres(self) -> np.ndarray:
        """`(n_bins,)` Hz, float64."""
        return cqt_frequencies(self.fmin, self.n_bins, self.bins_per_octave)

    def _apply(self, fn, recurse=True):
        self._plans = {}  # they hold tensors of the old device and precision
        return super()._apply(fn, recurse)


def direct_matrix(kernels: list[Kernel]) -> Tensor:
    """`(length of the longest, 2 bins)` float64: kernels around one centre, real parts before imaginary parts."""
    length = len(kernels[0][0])
    matrix = np.zeros((length, len(kernels)), dtype=np.complex128)
    for column, (offsets, values) in zip(matrix.T, kernels, strict=True):
        column[(length + 1) // 2 + offsets] = values
    return torch.from_numpy(np.concatenate([matrix.real, matrix.imag], axis=1))


def kernel_band(kernel: Kernel, centre: int, n_fft: int) -> tuple[int, np.ndarray]:
    """First FFT bin (it may be negative) and conjugate spectrum of a kernel, where its energy is."""
    offsets, values = kernel
    signal = np.zeros(n_fft, dtype=np.complex128)
    signal[centre + offsets] = values
    spectrum = np.fft.fftshift(scipy.fft.fft(signal)).conj()
    energy = np.cumsum(np.abs(spectrum) ** 2)
    low, high = np.searchsorted(energy, energy[-1] * np.array([TAIL_ENERGY / 2, 1 - TAIL_ENERGY / 2]))
    return low - n_fft // 2, spectrum[low : high + 1]


def block_kernels(
    octave: list[tuple[int, np.ndarray]], n_fold: int, negative_blocks: int, n_blocks: int
) -> tuple[Tensor, Tensor]:
    """Bands of an octave as whole blocks: block numbers `(bins, J)` and kernels `(bins, J, n_fold)` complex128."""
    first_bin = -negative_blocks * n_fold
    starts = np.array([(low - first_bin) // n_fold for low, _ in octave])
    stops = np.array([-(-(low - first_bin + len(band)) // n_fold) for low, band in octave])
    width = min((stops - starts).max(), n_blocks)
    starts = np.minimum(starts, n_blocks - width)
    kernels = np.zeros((len(octave), width * n_fold), dtype=np.complex128)
    for row, (low, band), start in zip(kernels, octave, starts, strict=True):
        offset = low - first_bin - start * n_fold
        band = band[: len(row) - offset]
        row[offset : offset + len(band)] = band
    index = torch.from_numpy(starts[:, None] + np.arange(width))
    return index, torch.from_numpy(kernels.reshape(len(octave), width, n_fold))
