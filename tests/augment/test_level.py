"""The sound level against the curve's definition and tones."""

import math

import numpy as np
import pytest
import scipy.signal
import torch

from esc_gpu.augment.level import QUIETEST_DB, a_weighting, sound_level

RATE = 44100
# IEC 61672-1, table 3: the curve in dB, rounded to a tenth.
TABLE = {31.5: -39.4, 63: -26.2, 125: -16.1, 250: -8.6, 500: -3.2, 1000: 0.0, 2000: 1.2, 4000: 1.0, 8000: -1.1}


def tone(frequency, rate=RATE, seconds=1.0):
    time = torch.arange(round(rate * seconds), dtype=torch.float64) / rate
    return torch.sin(2 * math.pi * frequency * time).float()


def test_the_curve_is_the_standards():
    frequency = 1000 * 10 ** ((10 * torch.tensor(list(TABLE)).div(1000).log10()).round() / 10)  # exact, not nominal
    curve = 10 * a_weighting(frequency).log10()
    torch.testing.assert_close(curve, torch.tensor(list(TABLE.values())), rtol=0, atol=0.06)


def test_the_level_of_a_tone_is_its_rms_under_the_curve():
    frequency = torch.tensor(list(TABLE)[1:])
    level = sound_level(0.1 * torch.stack([tone(f) for f in frequency.tolist()]), RATE)
    expected = 20 * math.log10(0.1 / math.sqrt(2)) + 10 * a_weighting(frequency).log10()
    torch.testing.assert_close(level, expected, rtol=0, atol=0.25)  # 63 Hz lies on a steep slope for a window of 0.1 s


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 48000])
def test_the_sample_rate_does_not_matter(rate):
    assert sound_level(tone(1000, rate)[None], rate).item() == pytest.approx(-3.01, abs=0.05)


def test_the_level_is_that_of_the_loudest_window():
    """Against scipy's spectrogram in float64."""
    generator = torch.Generator().manual_seed(0)
    waveform = torch.randn(4, 30000, generator=generator) * torch.linspace(0, 1, 30000).sin() ** 4
    _, _, power = scipy.signal.stft(
        waveform.double().numpy(), RATE, "hann", 4096, 2048, boundary="zeros", padded=True, scaling="psd"
    )
    weights = a_weighting(torch.from_numpy(np.fft.rfftfreq(4096, 1 / RATE))).numpy()
    expected = 10 * np.log10((np.abs(power) ** 2 * weights[:, None]).sum(axis=1).max(axis=1) * 2 * RATE / 4096)
    np.testing.assert_allclose(sound_level(waveform, RATE).numpy(), expected, atol=1e-3)


@pytest.mark.parametrize("where", [0, 20000, 44099])
def test_a_burst_is_heard_wherever_it_is(where):
    """Silence around it does not lower the level, as it would the mean."""
    clip = torch.zeros(1, RATE)
    clip[0, max(0, where - 2000) : where + 2000] = 1
    clip *= tone(1000)
    assert sound_level(clip, RATE).item() > -3.01 - 4


@pytest.mark.parametrize("n_samples", [40960, 40959, 40000, 38913])
def test_the_last_samples_are_heard_as_the_first(n_samples):
    """However many are left over of whole windows: the window nearest to them has at least half its height there."""
    clip = torch.zeros(1, n_samples)
    clip[0, -500:] = tone(1000)[:500]
    assert (sound_level(clip, RATE) - sound_level(clip.flip(1), RATE)).abs() < 5


def test_gain_is_level():
    clip = tone(700)
    quiet, loud = sound_level(torch.stack([0.01 * clip, clip]), RATE)
    assert (loud - quiet).item() == pytest.approx(40, abs=1e-3)


@pytest.mark.parametrize("n_samples", [1, 100, RATE])
def test_silence_has_the_lowest_level(n_samples):
    assert sound_level(torch.zeros(2, n_samples), RATE).tolist() == [QUIETEST_DB] * 2
