"""How far the notes of a clip are off A4 = 440 Hz, as librosa estimates it."""

import math

import numpy as np
import torch
from torch import Tensor

A0 = 440.0 / 16  # Hz
# Peaks between these frequencies, in Hz, count; they are so much of their frame's largest value at least.
LOWEST, HIGHEST = 150, 4000
THRESHOLD = 0.1
STEPS = 100  # of a pitch class, as the estimate's resolution


def tunings() -> np.ndarray:
    """`(STEPS,)` the values that an estimate can have, in pitch classes: from -0.5 on, without 0.5."""
    return np.linspace(-0.5, 0.5, STEPS + 1)[:-1]


def estimated_step(spectra: Tensor, sample_rate: int, n_fft: int, n_chroma: int) -> Tensor:
    """Spectra `(B, N, F)` of powers or magnitudes → `(B,)` the number of each clip's estimate in `tunings`.

    As `librosa.estimate_tuning(S=spectra)`: the peaks of each frame, interpolated, are counted by how far they are off
    the next pitch class. Those under the median of their heights are left out. Of no peak the estimate is 0.
    """
    low = max(1, -(-LOWEST * n_fft // sample_rate))  # bins that have two neighbours
    stop = min(n_fft // 2, -(-HIGHEST * n_fft // sample_rate))
    middle = STEPS // 2
    if stop <= low:
        return torch.full_like(spectra[:, 0, 0], middle, dtype=torch.int64)
    floor = THRESHOLD * spectra.amax(dim=-1, keepdim=True)
    below, at, above = (spectra[..., low + k : stop + k] for k in (-1, 0, 1))
    heard = [part * (part > floor) for part in (below, at, above)]
    is_peak = (heard[1] > heard[0]) & (heard[1] >= heard[2])
    curve, slope = above + below - 2 * at, (above - below) / 2
    is_near = slope.abs() < curve.abs()  # the parabola's top is less than a bin away
    shift = torch.where(is_near, -slope / torch.where(is_near, curve, 1.0), 0.0)
    height = (at + 0.5 * slope * shift).flatten(1)
    is_peak = is_peak.flatten(1)
    bins = torch.arange(low, stop, dtype=spectra.dtype, device=spectra.device)
    pitch = n_chroma * torch.log2((bins + shift) * (sample_rate / n_fft / A0)).flatten(1)
    off = pitch - torch.floor(pitch + 0.5)
    counts = off.new_zeros(off.shape[0], STEPS)
    step = ((off + 0.5) * STEPS).long().clamp_(0, STEPS - 1)
    is_high = is_peak & (height >= median_of(height, is_peak))
    counts = counts.scatter_add(1, step, is_high.to(counts.dtype))
    return torch.where(is_high.any(dim=1), counts.argmax(dim=1), middle)


def median_of(values: Tensor, is_taken: Tensor) -> Tensor:
    """`(B, M)` → `(B, 1)` the median of those of each row that are taken, as NumPy's: the mean of the middle two."""
    n_taken = is_taken.sum(dim=1, keepdim=True)
    ordered = torch.where(is_taken, values, math.inf).sort(dim=1).values
    lower, upper = ((n_taken - 1).clamp_min(0) // 2, n_taken // 2)
    return (ordered.gather(1, lower) + ordered.gather(1, upper)) / 2
