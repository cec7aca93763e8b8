"""A fold of a few clips of noise, without files."""

import numpy as np
import torch

from esc_gpu.data.store.source import WaveformSource
from esc_gpu.training.fold import FoldData


def tiny_fold(seed=0):
    generator = np.random.default_rng(seed)
    waveforms = generator.integers(-8000, 8000, (24, 8000)).astype(np.int16)
    labels = torch.arange(24) % 3
    source = WaveformSource(waveforms, torch.device("cpu"))
    return FoldData(source, labels, 3, np.arange(16), np.arange(16, 24), np.arange(24))
