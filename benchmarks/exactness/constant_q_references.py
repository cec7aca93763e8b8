"""Constant-Q and variable-Q transform in float64 NumPy: the direct sums over their kernels."""

import librosa
import numpy as np

from benchmarks.peers.librosa_options import numpy_mode, window_values
from esc_gpu.frontends.base import Frontend


def constant_q_power(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`|CQT|²` or `|VQT|²` `(n_bins, N)`: each kernel's conjugate times the samples around each frame."""
    centres = frontend.fmin * 2.0 ** ((np.arange(frontend.n_bins) + frontend.tuning) / frontend.bins_per_octave)
    if frontend.kernels == "librosa":
        return wavelet_power(frontend, clip, centres)
    alpha = 2 ** (1 / frontend.bins_per_octave) - 1
    gamma = 0.0
    if frontend.name == "vqt":
        gamma = 24.7 * alpha / 0.108 if frontend.gamma is None else frontend.gamma
    lengths = np.ceil(frontend.filter_scale * frontend.sample_rate / (alpha * centres + gamma)).astype(int)
    pad = lengths.max()
    padded = np.pad(clip, pad, mode=numpy_mode(frontend))
    frames = pad + np.arange(0, len(clip) + 1, frontend.hop_length)
    rows = []
    for first in range(0, frontend.n_bins, frontend.bins_per_octave):  # its kernels are of similar length
        octave = range(first, min(first + frontend.bins_per_octave, frontend.n_bins))
        longest = lengths[first]
        kernels = np.zeros((longest, len(octave)), dtype=np.complex128)
        for column, k in enumerate(octave):
            start = -(-longest // 2) - -(-lengths[k] // 2)
            kernels[start : start + lengths[k], column] = tone_kernel(frontend, centres[k], lengths[k])
        windows = np.lib.stride_tricks.sliding_window_view(padded, longest)[frames - -(-longest // 2)]
        rows.append((windows @ kernels.real) ** 2 + (windows @ kernels.imag) ** 2)
    return np.concatenate(rows, axis=1).T


def wavelet_power(frontend: Frontend, clip: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """`(n_bins, N)` by librosa's own kernels."""
    options = {"sr": frontend.sample_rate, "filter_scale": frontend.filter_scale, "window": scipy_window(frontend)}
    # As librosa.vqt takes None.
    gamma = frontend.gamma if frontend.name == "vqt" else 0.0
    return wavelet_sums(clip, frontend.hop_length, centres, numpy_mode(frontend), gamma=gamma, **options)


def wavelet_sums(clip: np.ndarray, hop: int, centres: np.ndarray, pad_mode: str, **options: object) -> np.ndarray:
    """`(n_bins, N)` direct sums over the kernels of `librosa.filters.wavelet` with its `options`.

    They are times the square root of the kernels' lengths, as `librosa.cqt` scales them.
    """
    wavelets, lengths = librosa.filters.wavelet(freqs=centres, dtype=np.complex128, **options)
    half = wavelets.shape[1] // 2
    padded = np.pad(clip, half, mode=pad_mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half)[::hop][: len(clip) // hop + 1]
    return np.stack([np.abs(windows @ wavelet.conj()) ** 2 for wavelet in wavelets]) * lengths[:, None]


def scipy_window(frontend: Frontend) -> object:
    """A constant-Q transform's window as scipy takes it."""
    return frontend.window if isinstance(frontend.window, str) else tuple(frontend.window)


def tone_kernel(frontend: Frontend, frequency: float, length: int) -> np.ndarray:
    """`(length,)` complex: a windowed tone whose magnitudes sum to `sqrt(length)`, centred on its middle sample."""
    seconds = (np.arange(length) - np.ceil(length / 2)) / frontend.sample_rate
    window = window_values(frontend.window, length)
    return window * np.exp(2j * np.pi * frequency * seconds) * (np.sqrt(length) / np.abs(window).sum())
