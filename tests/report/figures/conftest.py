"""A clip with features of every kind."""

import numpy as np
import pytest
import torch

from esc_gpu.frontends.images import compute_features, default_frontends
from esc_gpu.report.figures.features import Clip
from tests.helpers.feature_images import RATE


@pytest.fixture(scope="package")
def clip():
    """0.8 s: silence, then a tone of 1 kHz from 0.4 s on."""
    waveform = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(round(0.8 * RATE)) / RATE)
    waveform[: round(0.4 * RATE)] = 0
    names = ["logmel", "mfcc", "chroma", "rms", "delta"]
    features = compute_features(torch.from_numpy(waveform).float(), RATE, default_frontends(RATE, names))
    return Clip("a$b_clip.wav", waveform, RATE, features)
