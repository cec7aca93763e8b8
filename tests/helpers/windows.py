"""Recordings of noise on disk, and the windows that they are cut into."""

import numpy as np
import soundfile

from esc_gpu.data.clips.windows import cut_windows

RATE = 8000


def noise(samples, seed=0, channels=None):
    """Noise that stays far from full scale, so that nothing is clipped."""
    shape = samples if channels is None else (samples, channels)
    return np.random.default_rng(seed).uniform(-0.4, 0.4, shape)


def write(path, waveform, rate=RATE):
    soundfile.write(path, waveform, rate)
    return path


def cut(paths, overlap, clip_seconds=1.0, sample_rate=RATE, **options):
    return cut_windows(
        paths, sample_rate=sample_rate, clip_seconds=clip_seconds, overlap=overlap, progress=False, **options
    )


def starts(windows, recording=0):
    return windows.start[windows.recording == recording].tolist()
