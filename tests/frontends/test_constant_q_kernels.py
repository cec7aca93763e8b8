"""The band of a kernel's spectrum."""

import numpy as np

from esc_gpu.frontends.constant_q_kernels import kernel_band


def test_a_band_fades_in_and_out_by_squared_sines():
    """The kernel is a Gaussian of a tone of a tenth of the sample rate, whose spectrum is one, too."""
    n_fft, offsets = 4096, np.arange(-400, 401)
    kernel = np.exp(-0.5 * (offsets / 60) ** 2) * np.exp(0.2j * np.pi * offsets)
    first, band = kernel_band((offsets, kernel), n_fft // 2, n_fft)
    bins = first + np.arange(len(band))
    assert abs(bins.mean() - 0.1 * n_fft) < 1
    placed = np.zeros(n_fft, dtype=complex)
    placed[n_fft // 2 + offsets] = kernel
    fade = band / np.fft.fft(placed).conj()[bins]
    np.testing.assert_allclose(fade.imag, 0, atol=1e-9)
    fade, n_slope = fade.real, int(np.argmax(fade.real > 1 - 1e-9))
    np.testing.assert_allclose(fade, fade[::-1], atol=1e-9)
    np.testing.assert_allclose(fade[n_slope:-n_slope], 1, atol=1e-9)
    expected = np.sin(np.pi / 2 * np.arange(1, n_slope + 1) / (n_slope + 1)) ** 2
    assert n_slope > 10
    np.testing.assert_allclose(fade[:n_slope], expected, atol=1e-9)
