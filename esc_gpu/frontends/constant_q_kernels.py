"""Kernels of the constant-Q transform: in time, to be correlated with a clip, and on the grid of its FFT."""

from dataclasses import dataclass

import numpy as np
import scipy.fft
import torch
from torch import Tensor

from esc_gpu.frontends.windows import Window, get_window

# Share of a kernel's energy outside of its band. A cell 80 dB under the clip's maximum, with what leaks into it from a
# loud bin of a shorter kernel, is within 0.02 dB of the direct sum; with 3e-13 clicks are within 0.1 dB of it.
TAIL_ENERGY = 1e-14
# Width of the slopes on which the band fades out, as a share of it: cut off sharply, a kernel rings through the clip.
SLOPE = 0.2

Kernel = tuple[np.ndarray, np.ndarray]  # sample offsets from the frame's centre, complex128 values

# Why folding a product of spectra is the transform. Let p be the padded clip, g the kernel of a bin (a windowed tone)
# around its sample `pad`, and H the hop. Frame n of the bin is their correlation at lag n H:
#
#     C[n] = sum over m of p[m + n H] conj(g[m]).
#
# `ConstantQ.direct_power` sums this as it stands, for the high octaves, whose kernels are short. As p is real, the
# power is the square of the sum with the real part of g and that of the sum with its imaginary part, added up.
#
# `ConstantQ.spectral_power` is for the low octaves, whose kernels are long. On n_fft = F H samples (F is `n_fold`),
# enough for no frame to come round, the correlation at all lags has the DFT P[q] conj(G[q]). Of its inverse only lags
# n H are wanted:
#
#     C[n] = 1 / (F H) * sum over q < F H of P[q] conj(G[q]) exp(2 pi i q n H / (F H)).
#
# The exponent is 2 pi i q n / F, the same for all q that are F apart. So let q = j + b F:
#
#     C[n] = 1 / F * sum over j < F of S[j] exp(2 pi i j n / F),
#     S[j] = 1 / H * sum over b of P[j + b F] conj(G[j + b F]).
#
# To keep every H-th sample is to add up the H blocks of F frequencies. What is left is an inverse FFT of F points for
# each bin, and one rfft of the clip for all bins. For each j the sum over b is a matrix product of the clip's blocks
# and the kernels' (`torch.bmm`), and 1 / H is in the kernels. A block is 1 / H of the sample rate wide, the main lobe
# of a Hann window of L samples 4 / L: a long kernel is in few blocks, and the others are left out (see `kernel_band`).
# Brown & Puckette (1992), eq. 5, do so for one frame; this is the whole clip.


def cqt_kernel(
    frequency: float, length: int, sample_rate: int, window: Window, exact_length: float | None = None
) -> Kernel:
    """The kernel of one bin.

    A windowed complex tone of `length` samples with L1 norm 1, times the square root of its length as librosa and
    nnAudio scale it: of `exact_length`, before it was rounded to whole samples, where that is given.
    """
    offsets = np.arange(length) - (length + 1) // 2
    tone = get_window(window, length) * np.exp(2j * np.pi * frequency / sample_rate * offsets)
    return offsets, tone / np.abs(tone).sum() * np.sqrt(length if exact_length is None else exact_length)


@dataclass(frozen=True)
class SpectralPlan:
    """Spectra of the long kernels on the grid of one FFT.

    The clip's spectrum is cut into blocks of `n_fold` frequencies, of which `n_blocks` are taken, `n_negative` of them
    under 0 Hz. Each octave takes the blocks from `first` on, and its kernels there are `(n_fold, blocks, bins)`.
    """

    n_fft: int
    n_fold: int
    n_negative: int
    n_blocks: int
    octaves: list[tuple[int, Tensor]]


def direct_kernels(kernels: list[Kernel]) -> Tensor:
    """`(2 bins, length of the longest)` float32: kernels around one centre, real parts before imaginary parts."""
    length = len(kernels[0][0])
    matrix = np.zeros((len(kernels), length), dtype=np.complex128)
    for row, (offsets, values) in zip(matrix, kernels, strict=True):
        row[(length + 1) // 2 + offsets] = values
    return torch.from_numpy(np.concatenate([matrix.real, matrix.imag]).astype(np.float32))


def spectral_plan(octaves: list[list[Kernel]], centre: int, n_fold: int, hop_length: int) -> SpectralPlan:
    """The plan for kernels around sample `centre`, in complex128, cut to the bands that hold their energy."""
    n_fft = n_fold * hop_length
    bands = [[kernel_band(kernel, centre, n_fft) for kernel in octave] for octave in octaves]
    n_negative = max(0, *(-(low // n_fold) for octave in bands for low, _ in octave))
    n_blocks = (hop_length + 1) // 2 + n_negative
    blocks = [block_kernels(octave, n_fold, n_negative, n_blocks) for octave in bands]
    taken = max(first + kernels.shape[1] for first, kernels in blocks)
    return SpectralPlan(n_fft, n_fold, n_negative, taken, [(first, kernels / hop_length) for first, kernels in blocks])


def kernel_band(kernel: Kernel, centre: int, n_fft: int) -> tuple[int, np.ndarray]:
    """First FFT bin (it may be negative) and conjugate spectrum of a kernel, where its energy is."""
    offsets, values = kernel
    signal = np.zeros(n_fft, dtype=np.complex128)
    signal[centre + offsets] = values
    spectrum = np.fft.fftshift(scipy.fft.fft(signal)).conj()
    energy = np.cumsum(np.abs(spectrum) ** 2)
    low, high = np.searchsorted(energy, energy[-1] * np.array([TAIL_ENERGY / 2, 1 - TAIL_ENERGY / 2]))
    width = int(SLOPE * (high - low))
    slope = np.sin(np.pi / 2 * np.arange(1, width + 1) / (width + 1)) ** 2
    fade = np.concatenate([slope, np.ones(high - low + 1), slope[::-1]])
    first, stop = max(0, low - width), min(n_fft, high + 1 + width)
    fade = fade[first - (low - width) : stop - (low - width)]
    return int(first) - n_fft // 2, spectrum[first:stop] * fade


def block_kernels(
    octave: list[tuple[int, np.ndarray]], n_fold: int, n_negative: int, n_blocks: int
) -> tuple[int, Tensor]:
    """Bands of an octave as whole blocks: the first one, and the kernels `(n_fold, blocks, bins)` complex128."""
    offset = n_negative * n_fold
    first = min((low + offset) // n_fold for low, _ in octave)
    stop = min(max(-(-(low + offset + len(band)) // n_fold) for low, band in octave), n_blocks)
    kernels = np.zeros((len(octave), (stop - first) * n_fold), dtype=np.complex128)
    for row, (low, band) in zip(kernels, octave, strict=True):
        start = low + offset - first * n_fold
        band = band[: len(row) - start]
        row[start : start + len(band)] = band
    blocks = kernels.reshape(len(octave), stop - first, n_fold).transpose(2, 1, 0)
    return first, torch.from_numpy(np.ascontiguousarray(blocks))
