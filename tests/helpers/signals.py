"""Signals that front-ends are compared on."""

import numpy as np
import scipy.signal
import torch


def signal(name, sample_rate, n_samples):
    """One clip `(T,)` in float64; the square wave is at full scale."""
    seconds = np.arange(n_samples) / sample_rate
    if name == "tone":
        return 0.5 * np.sin(2 * np.pi * 440 * seconds)
    if name == "chirp":
        return 0.5 * scipy.signal.chirp(seconds, 50, n_samples / sample_rate, 0.45 * sample_rate)
    if name == "click":
        return np.eye(1, n_samples, n_samples // 3)[0]
    if name == "noise":
        return np.random.default_rng(0).uniform(-1, 1, n_samples)
    if name == "square":
        return np.where(np.sin(2 * np.pi * 441 * seconds) >= 0, 1.0, -1.0)
    return np.zeros(n_samples)


def features(frontend, clip):
    """`(F, N)` of one clip, as numpy."""
    return frontend(torch.from_numpy(clip)[None])[0, 0].detach().numpy()


def relative_l2(actual, expected):
    """The error itself where all is 0."""
    assert actual.shape == expected.shape
    return np.linalg.norm(actual - expected) / (np.linalg.norm(expected) or 1.0)
