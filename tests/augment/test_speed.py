"""Speed: against the exact tones, at every speed that is drawn."""

import math

import pytest
import scipy.stats
import torch

from esc_gpu.augment import random_speed
from esc_gpu.augment.speed import BLOCK
from tests.helpers.draws import seeded

RATE = 44100


def speeds(n_clips, max_change, seed=0):
    """`(n_clips, 1)` float64, what `random_speed` draws with this seed."""
    fastest = 1 + max_change
    asked = fastest ** (2 * seeded(seed).uniform(n_clips, 1).double() - 1)
    step = (asked * BLOCK).round().clamp(math.ceil(BLOCK / fastest), math.floor(BLOCK * fastest))
    return step / BLOCK


def tones(cycles, position, n_samples):
    """`(B, ...)` float64, tones of whole `cycles` `(B, 1)` on a circle of `n_samples`, at any positions on it."""
    return torch.cos(2 * math.pi * ((cycles * position / n_samples) % 1) + 0.3)


def error_db(share, max_change, n_clips=32, n_samples=20000):
    """The highest error, relative to tones at this share of the lower Nyquist frequency."""
    speed = speeds(n_clips, max_change)
    cycles = (share * n_samples / 2 / speed.clamp_min(1)).round()
    time = torch.arange(n_samples, dtype=torch.float64)
    read = random_speed(tones(cycles, time, n_samples).float(), max_change, seeded())
    error = read.double() - tones(cycles, time * speed, n_samples)
    return 10 * (error.square().mean(dim=1) * 2).log10().max().item()


@pytest.mark.parametrize("max_change", [0.05, 0.25, 1.0])
@pytest.mark.parametrize(("share", "bound_db"), [(0.02, -70), (0.1, -70), (0.3, -70), (0.6, -50), (0.8, -40)])
def test_a_tone_is_read_as_well_as_promised(share, bound_db, max_change):
    assert error_db(share, max_change) < bound_db


def test_what_a_fast_clip_would_fold_back_is_left_out():
    """A tone above the Nyquist frequency that the speed leaves."""
    speed = speeds(64, 0.5).clamp_min(1)
    cycles = (20000 / 2 * (1.25 / speed).clamp_max(0.95)).round()
    folding = (cycles > 1.2 * 10000 / speed)[:, 0]
    assert folding.sum() > 5
    waveform = tones(cycles, torch.arange(20000, dtype=torch.float64), 20000).float()
    power = random_speed(waveform, 0.5, seeded())[folding].square().mean(dim=1) * 2
    assert 10 * power.max().log10() < -40


def test_pitch_and_tempo_change_together():
    """A tone's peak, and the onset of a click, move by the same speed."""
    n_samples, click = 30000, 9000
    speed = speeds(16, 0.3)
    time = torch.arange(n_samples, dtype=torch.float64)
    read = random_speed(tones(torch.full((16, 1), 3000.0), time, n_samples).float(), 0.3, seeded())
    peak = torch.fft.rfft(read * torch.hann_window(n_samples)).abs().argmax(dim=1)
    torch.testing.assert_close(peak.double(), 3000 * speed[:, 0], rtol=0, atol=1)
    clicks = torch.zeros(16, n_samples)
    clicks[:, click] = 1
    onset = random_speed(clicks, 0.3, seeded()).abs()[:, : click * 2].argmax(dim=1)
    torch.testing.assert_close(onset.double(), click / speed[:, 0], rtol=0, atol=1)


def test_positions_are_exact_to_the_end_of_a_long_clip():
    """Of a tone at 11 kHz, a quarter of the sample rate, 1/64 of a sample is -32 dB."""
    n_samples = 5 * RATE
    speed = speeds(4, 0.1)
    cycles = torch.full((4, 1), n_samples / 4)
    time = torch.arange(n_samples, dtype=torch.float64)
    read = random_speed(tones(cycles, time, n_samples).float(), 0.1, seeded())
    error = (read - tones(cycles, time * speed, n_samples))[:, -5000:]
    assert error.abs().max() < 10 ** (-50 / 20)


@pytest.mark.parametrize("max_change", [0.001, 0.01, 0.2, 1.0])
def test_speeds_are_log_uniform_in_their_range(max_change):
    """Of a ramp a block later is so many samples more."""
    ramp = torch.arange(2048.0).expand(1000, -1)
    read = random_speed(ramp, max_change, seeded(), 2 * BLOCK)
    step = (read[:, 256 + BLOCK] - read[:, 256]).round()
    assert (BLOCK / (1 + max_change) <= step).all()
    assert (step <= BLOCK * (1 + max_change)).all()
    if max_change >= 0.2:  # with steps enough for a distribution
        position = (step / BLOCK).log() / math.log(1 + max_change)
        assert scipy.stats.kstest(position.numpy(), scipy.stats.uniform(-1, 2).cdf).pvalue > 0.01


@pytest.mark.parametrize("n_samples", [1, 511, 512, 513, 7000])
def test_the_length_is_what_is_asked_for(n_samples):
    """And a longer one begins as a shorter one."""
    waveform = seeded(1).uniform(3, 3000) - 0.5
    read = random_speed(waveform, 0.2, seeded(), n_samples)
    assert read.shape == (3, n_samples)
    torch.testing.assert_close(read, random_speed(waveform, 0.2, seeded(), 8000)[:, :n_samples])


def test_the_clip_is_a_circle():
    """Played for longer than it lasts it goes on as its repetition does."""
    waveform = seeded(1).uniform(3, 1000) - 0.5
    torch.testing.assert_close(
        random_speed(waveform, 0.3, seeded(), 5000), random_speed(waveform.repeat(1, 9), 0.3, seeded(), 5000)
    )


def test_a_speed_of_one_among_others_is_exact(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.tensor([[0.1], [0.5], [0.9]]))
    waveform = torch.linspace(-9, 9, 3000).sin().expand(3, -1)
    read = random_speed(waveform, 0.3, seeded())
    assert torch.equal(read[1], waveform[1])
    assert not torch.equal(read[0], waveform[0])
