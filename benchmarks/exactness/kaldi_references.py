"""Kaldi's features in float64 NumPy, frame by frame as its source has them."""

import numpy as np
import scipy.fft

from esc_gpu.frontends.base import Frontend

EPSILON = np.finfo(np.float32).eps


def kaldi_fbank(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(n_mels, N)`, with the energy `(n_mels + 1, N)`."""
    frames, energies = prepared_frames(frontend, clip)
    magnitudes = np.abs(np.fft.rfft(frames, n=frontend.n_fft)) ** frontend.mel_power
    bands = np.maximum(magnitudes @ mel_bank(frontend).T, frontend.log_floor) + frontend.log_offset
    if frontend.log is not None:
        logarithm = {"ln": np.log, "log10": np.log10, "db": lambda x: 10 * np.log10(x), "log1p": np.log1p}
        bands = logarithm[frontend.log](bands)
    if frontend.use_energy:
        bands = np.insert(bands, bands.shape[1] if frontend.htk_compat else 0, energies, axis=1)
    return bands.T


def kaldi_mfcc(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(n_mfcc, N)`."""
    frames, energies = prepared_frames(frontend, clip)
    bands = np.abs(np.fft.rfft(frames, n=frontend.n_fft)) ** 2 @ mel_bank(frontend).T
    cepstra = scipy.fft.dct(np.log(np.maximum(bands, EPSILON)), norm="ortho")[:, : frontend.n_mfcc]
    if frontend.lifter > 0:
        cepstra *= 1 + frontend.lifter / 2 * np.sin(np.pi * np.arange(frontend.n_mfcc) / frontend.lifter)
    if frontend.use_energy:
        cepstra[:, 0] = energies
    elif frontend.htk_compat:
        cepstra[:, 0] *= np.sqrt(2)
    return (np.roll(cepstra, -1, axis=1) if frontend.htk_compat else cepstra).T


def prepared_frames(frontend: Frontend, clip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames `(N, win_length)` as the FFT takes them, and the logarithms of their energies `(N,)`."""
    length, hop = frontend.win_length, frontend.hop_length
    if frontend.snip_edges:
        starts = range(0, len(clip) - length + 1, hop)
    else:
        starts = [n * hop + hop // 2 - length // 2 for n in range((len(clip) + hop // 2) // hop)]
    mirrored = np.concatenate([clip, clip[::-1]])  # and so on in both directions
    prepared, energies = [], []
    for start in starts:
        frame = frontend.input_scale * mirrored[np.arange(start, start + length) % len(mirrored)]
        if frontend.remove_dc:
            frame = frame - frame.mean()
        emphasised = frame - frontend.preemphasis * np.concatenate([frame[:1], frame[:-1]])
        prepared.append(emphasised * window(frontend))
        energies.append(((frame if frontend.raw_energy else prepared[-1]) ** 2).sum())
    return np.stack(prepared), np.log(np.maximum(energies, max(EPSILON, frontend.energy_floor)))


def window(frontend: Frontend) -> np.ndarray:
    """`(win_length,)`."""
    angles = 2 * np.pi * np.arange(frontend.win_length) / (frontend.win_length - (not frontend.periodic))
    return {
        "povey": lambda: (0.5 - 0.5 * np.cos(angles)) ** 0.85,
        "hanning": lambda: 0.5 - 0.5 * np.cos(angles),
        "hamming": lambda: 0.54 - 0.46 * np.cos(angles),
        "blackman": lambda: 0.42 - 0.5 * np.cos(angles) + 0.08 * np.cos(2 * angles),
        "sine": lambda: np.sin(angles / 2),
        "rectangular": lambda: np.ones_like(angles),
    }[frontend.window]()


def mel_bank(frontend: Frontend) -> np.ndarray:
    """`(n_mels, n_fft // 2 + 1)`: triangles over mel, `1127 ln(1 + f / 700)`."""
    mel = 1127 * np.log1p(np.arange(frontend.n_fft // 2 + 1) * frontend.sample_rate / frontend.n_fft / 700)
    low, high = 1127 * np.log1p(np.array([frontend.fmin, frontend.fmax]) / 700)
    edges = np.linspace(low, high, frontend.n_mels + 2)
    return np.stack([np.interp(mel, edges[k : k + 3], [0, 1, 0], left=0, right=0) for k in range(frontend.n_mels)])
