"""Resampling, against soxr at its highest quality and in what it promises."""

import numpy as np
import pytest
import soxr
import torch

from esc_gpu.frontends.resampling import Resample

RATES = [(44100, 16000), (44100, 22050), (16000, 44100), (48000, 44100), (16000, 22050)]
each_rate = pytest.mark.parametrize(("before", "after"), RATES)


def chord(rate, seconds=0.5, highest=3300):
    """Tones under the band's edge of every rate above, fading in and out."""
    n = np.arange(int(seconds * rate)) / rate
    tones = sum(np.sin(2 * np.pi * hz * n + hz) for hz in (50, 440, 1000, highest)) / 5
    return tones * np.sin(np.pi * n / seconds) ** 2


@each_rate
def test_it_is_that_of_soxr(before, after):
    clip = chord(before)
    actual = Resample(before, after).double()(torch.from_numpy(clip)[None])[0].numpy()
    expected = soxr.resample(clip, before, after, quality="VHQ")
    n = min(len(actual), len(expected))
    assert abs(len(actual) - len(expected)) <= 1
    # 100 dB of stop band: an amplitude of 1e-5.
    assert np.linalg.norm(actual[:n] - expected[:n]) < 2e-5 * np.linalg.norm(expected)


@each_rate
def test_a_tone_is_the_tone_at_the_other_rate(before, after):
    resample = Resample(before, after)
    actual = resample(torch.from_numpy(chord(before))[None].float())[0].numpy()
    expected = np.interp(np.arange(len(actual)) / after, *dense_chord())
    assert np.abs(actual - expected).max() < 1e-4  # linear interpolation of 3.3 kHz between 2 MHz: 1e-5


def dense_chord():
    rate = 2_000_000
    return np.arange(int(0.5 * rate)) / rate, chord(rate)


@pytest.mark.parametrize(("before", "after"), [(44100, 16000), (48000, 22050)])
def test_what_lies_above_the_new_band_is_gone(before, after):
    """From the new Nyquist frequency on, and more so from 1.011 times it on; up to 0.88 of it nothing is lost."""
    resample = Resample(before, after).double()

    def decibels(share):
        """Of a tone at that share of the new Nyquist frequency."""
        phase = torch.arange(before, dtype=torch.float64) * (2 * torch.pi * (after / 2 * share) / before) + 0.3
        return 20 * resample(phase.sin()[None])[0, 1000:-1000].abs().max().log10().item()

    assert decibels(0.88) == pytest.approx(0, abs=0.02)
    assert decibels(1.0) < -62
    assert all(decibels(share) < -99.5 for share in (1.011, 1.02, 1.05, 1.1, 1.17, 1.3))


@each_rate
def test_a_constant_stays(before, after):
    middle = Resample(before, after)(torch.ones(1, before // 4))[0]
    edge = len(middle) // 4
    torch.testing.assert_close(middle[edge:-edge], torch.ones(len(middle) - 2 * edge), rtol=0, atol=1e-6)


@each_rate
def test_lengths(before, after):
    resample = Resample(before, after)
    for n_samples in (1, 2, 441, 1000, 4567):
        out = resample(torch.zeros(1, n_samples))
        assert out.shape == (1, resample.output_length(n_samples)) == (1, -(-n_samples * after // before))
    for wanted in (1, 100, 1025):
        least = resample.least_input(wanted)
        assert resample.output_length(least) >= wanted > resample.output_length(least - 1)


def test_gradient():
    clip = torch.rand(2, 40, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Resample(3, 2).double(), clip)
