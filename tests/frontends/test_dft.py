"""The DFT as matrix products, against NumPy's FFT."""

import numpy as np
import pytest
import torch

from esc_gpu.frontends.dft import FactoredDFT


@pytest.mark.parametrize("n_fft", [2, 3, 17, 360, 400, 512, 1001, 2048])
def test_it_is_the_fft(n_fft):
    frames = np.random.default_rng(0).uniform(-1, 1, (2, 3, n_fft))
    expected = np.abs(np.fft.rfft(frames)) ** 2
    actual = FactoredDFT(n_fft)(torch.from_numpy(frames).float()).numpy()
    assert actual.shape == expected.shape
    assert np.linalg.norm(actual - expected) < 1e-6 * np.linalg.norm(expected)  # float32 sums of n_fft terms


def test_its_factors_stay_small():
    """2048 = 32 * 64: the constants are thousands of numbers, not the millions of a DFT matrix."""
    dft = FactoredDFT(2048)
    assert (dft.p, dft.q) == (32, 64)
    assert sum(buffer.numel() for buffer in dft.buffers()) < 20_000
