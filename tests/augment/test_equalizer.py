"""The equaliser: its response against its definition, and its convolution against scipy's."""

import numpy as np
import pytest
import scipy.ndimage
import torch

from esc_gpu.augment import random_equalizer
from esc_gpu.augment.equalizer import N_FFT, OCTAVES, TAPS, circular_filter, interpolate_octaves
from tests.helpers.draws import seeded


def impulses(n_clips, n_samples, position):
    waveform = torch.zeros(n_clips, n_samples)
    waveform[:, position] = 1
    return waveform


def gains_db(n_clips, max_gain_db):
    """`(n_clips, OCTAVES + 1)` that `random_equalizer` draws."""
    return max_gain_db * (2 * seeded().uniform(n_clips, OCTAVES + 1) - 1)


def response_db(n_clips, max_gain_db, n_samples=2**15):
    """`(n_clips, n_samples // 2 + 1)` measured with an impulse."""
    spectrum = torch.fft.rfft(random_equalizer(impulses(n_clips, n_samples, 0), max_gain_db, seeded()).double())
    assert spectrum.imag.abs().max() < 1e-4  # zero phase
    return 20 * spectrum.real.log10()


@pytest.mark.parametrize("max_gain_db", [1.0, 6.0, 20.0])
def test_the_response_lies_between_the_lowest_and_highest_gain_drawn(max_gain_db):
    gains, response = gains_db(64, max_gain_db), response_db(64, max_gain_db)
    assert (response <= gains.amax(dim=1, keepdim=True) + 1e-3).all()
    assert (response >= gains.amin(dim=1, keepdim=True) - 1e-3).all()
    assert gains.abs().max() <= max_gain_db
    assert (response.amax(dim=1) - response.amin(dim=1)).min() > 0.2 * max_gain_db


def test_the_response_is_the_drawn_one_where_the_filter_resolves_it():
    """From three octaves below Nyquist on, 32 points of the filter, up to the smoothing at the corners."""
    gains, response = gains_db(64, 6.0), response_db(64, 6.0)
    n_bins = response.shape[1] - 1
    for octave in range(OCTAVES - 3, OCTAVES + 1):
        at = response[:, round(n_bins * 2.0 ** (octave - OCTAVES))]
        assert (at - gains[:, octave]).abs().max() < 0.7
    middle = response[:, round(n_bins * 2.0**-0.5)]
    assert (middle - gains[:, -2:].mean(dim=1)).abs().max() < 0.1


def test_gains_are_linear_in_log_frequency():
    gain = torch.arange(OCTAVES + 1.0)[None]
    bins = torch.arange(1, TAPS // 2 + 1)
    torch.testing.assert_close(interpolate_octaves(gain)[0, 1:], bins.log2())
    assert interpolate_octaves(gain)[0, 0] == 0


@pytest.mark.parametrize("n_samples", [300, TAPS, N_FFT - TAPS, N_FFT, 20001])
def test_the_convolution_is_scipys_round_a_circle(n_samples):
    waveform, response = seeded(1).uniform(3, n_samples) - 0.5, seeded(2).uniform(3, TAPS // 2 + 1) * 2
    taps = np.fft.fftshift(np.fft.irfft(response.double().numpy()), axes=1)
    taps *= 1 - np.abs(np.arange(-TAPS // 2, TAPS // 2)) / (TAPS // 2)
    filtered = circular_filter(waveform, response)
    for clip, row, kernel in zip(waveform, filtered, taps, strict=True):
        # The first tap is under the triangle's end; without it the kernel has a middle.
        expected = scipy.ndimage.convolve1d(clip.double().numpy(), kernel[1:], mode="wrap")
        np.testing.assert_allclose(row.numpy(), expected, atol=2e-6)


@pytest.mark.parametrize("position", [0, 1, 2000, N_FFT - TAPS, 8999])
def test_there_is_no_delay(position):
    """The answer to an impulse is the same wherever it is, symmetric around it, and nothing beyond the taps."""
    n_samples = 9000
    answer = random_equalizer(impulses(4, n_samples, position), 6.0, seeded()).roll(n_samples // 2 - position, 1)
    first = random_equalizer(impulses(4, n_samples, n_samples // 2), 6.0, seeded())
    torch.testing.assert_close(answer, first, rtol=0, atol=1e-6)
    torch.testing.assert_close(answer[:, 1:], answer[:, 1:].flip(1), rtol=0, atol=1e-6)
    assert answer[:, : n_samples // 2 - TAPS // 2].abs().max() < 1e-6
    assert (answer.argmax(dim=1) == n_samples // 2).all()


def test_a_tone_is_scaled_by_the_response():
    n_samples, cycles = 16384, 3000
    tone = torch.cos(2 * torch.pi * cycles * torch.arange(n_samples, dtype=torch.float64) / n_samples).float()
    filtered = random_equalizer(tone.expand(8, -1), 12.0, seeded())
    gain = 10 ** (response_db(8, 12.0, n_samples)[:, cycles] / 20)
    torch.testing.assert_close(filtered.double(), gain[:, None] * tone, rtol=0, atol=1e-5)
