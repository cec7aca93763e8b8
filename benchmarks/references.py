"""The front-ends in float64 NumPy, as directly as their definitions: what errors are measured against."""

import numpy as np
import scipy.fft
import scipy.signal

from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.constant_q import CQT, cqt_frequencies, cqt_kernel
from esc_gpu.frontends.mel import mel_filterbank


def reference(frontend: Frontend, waveform: np.ndarray) -> np.ndarray:
    """`(B, T)` float64 → `(B, F, N)` float64: power for spectrogram, log-mel and CQT; the cepstrum for MFCC."""
    if isinstance(frontend, CQT):
        return cqt_power(frontend, waveform)
    power = stft_power(frontend, waveform)
    if frontend.name == "spectrogram":
        return power
    bank = mel_filterbank(
        frontend.sample_rate,
        frontend.n_fft,
        frontend.n_mels,
        frontend.fmin,
        frontend.fmax,
        frontend.mel_scale,
        frontend.norm,
    )
    mel = bank @ power
    if frontend.name == "logmel":
        return mel
    db = 10 * np.log10(np.maximum(mel, 1e-10))
    db = np.maximum(db, db.max(axis=(1, 2), keepdims=True) - frontend.top_db)
    return scipy.fft.dct(db, type=2, norm="ortho", axis=1)[:, : frontend.n_mfcc]


def stft_power(frontend: Frontend, waveform: np.ndarray) -> np.ndarray:
    """`|STFT|²`, one FFT a frame."""
    half = frontend.n_fft // 2
    padded = np.pad(waveform, ((0, 0), (half, half)), mode=frontend.pad_mode)
    window = scipy.signal.get_window(frontend.window, frontend.n_fft, fftbins=True)
    starts = range(0, padded.shape[1] - frontend.n_fft + 1, frontend.hop_length)
    frames = [np.fft.rfft(padded[:, start : start + frontend.n_fft] * window) for start in starts]
    return np.abs(np.stack(frames, axis=-1)) ** 2


def cqt_power(frontend: CQT, waveform: np.ndarray) -> np.ndarray:
    """`|CQT|²`, the sum over each kernel at each frame."""
    q = frontend.filter_scale / (2 ** (1 / frontend.bins_per_octave) - 1)
    n_frames = waveform.shape[1] // frontend.hop_length + 1
    rows = []
    for frequency in cqt_frequencies(frontend.fmin, frontend.n_bins, frontend.bins_per_octave):
        offsets, kernel = cqt_kernel(frequency, q, frontend.sample_rate, frontend.window)
        before, after = -offsets[0], offsets[-1] + 1
        padded = np.pad(waveform, ((0, 0), (before, after)), mode=frontend.pad_mode)
        frames = [padded[:, n * frontend.hop_length :][:, : len(kernel)] @ kernel.conj() for n in range(n_frames)]
        rows.append(np.abs(np.stack(frames, axis=-1)) ** 2)
    return np.stack(rows, axis=1)
