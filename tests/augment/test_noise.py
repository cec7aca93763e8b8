"""Noise: its ratio, its share of the clips and its colour."""

import math

import pytest
import torch

from esc_gpu.augment import add_noise
from esc_gpu.augment.noise import WHITE_BELOW, coloured_noise
from tests.helpers.draws import seeded


def noise(n_clips=8, n_samples=2000):
    return seeded(1).uniform(n_clips, n_samples) - 0.5


def snr_db(clean, noisy):
    return 10 * torch.log10(clean.square().mean(dim=1) / (noisy - clean).square().mean(dim=1))


@pytest.mark.parametrize("level", [1.0, 1e-3])
@pytest.mark.parametrize("asked_db", [0.0, 10.0, 30.0])
@pytest.mark.parametrize(("exponent", "bound_db"), [(0.0, 0.22), (1.0, 1e-3), (2.0, 1e-3)])
def test_noise_has_the_ratio_asked_for(asked_db, level, exponent, bound_db):
    waveform = level * noise(50, 20000)
    noisy = add_noise(waveform, (asked_db, asked_db), 1.0, seeded(), (exponent, exponent))
    # The power of 20,000 samples of white noise deviates by 1 %, 0.043 dB: five of that. Coloured noise is scaled.
    assert (snr_db(waveform, noisy) - asked_db).abs().max() < bound_db


def test_noise_ratio_is_uniform_in_its_range():
    waveform = noise(500, 5000)
    measured = snr_db(waveform, add_noise(waveform, (5.0, 25.0), 1.0, seeded()))
    assert measured.min() > 5 - 0.45  # five deviations, for 5000 samples
    assert measured.max() < 25 + 0.45
    assert measured.min() < 6
    assert measured.max() > 24
    assert (measured.mean() - 15).abs() < 5 * 20 / math.sqrt(12 * 500)


def test_noise_is_white_and_each_clips_own():
    waveform = noise(20, 20000)
    added = add_noise(waveform, (0.0, 0.0), 1.0, seeded()) - waveform
    added = added / added.square().mean(dim=1, keepdim=True).sqrt()
    bound = 5 / math.sqrt(20000)
    assert added.mean(dim=1).abs().max() < bound
    assert (added[:, 1:] * added[:, :-1]).mean(dim=1).abs().max() < bound
    assert (added[1:] * added[:-1]).mean(dim=1).abs().max() < bound
    assert (added * waveform / waveform.std()).mean(dim=1).abs().max() < bound


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_noise_reaches_a_share_of_the_clips(probability):
    waveform = noise(2000, 10)
    noisy = add_noise(waveform, (10.0, 10.0), probability, seeded())
    share = (noisy != waveform).any(dim=1).float().mean().item()
    assert abs(share - probability) <= 5 * math.sqrt(probability * (1 - probability) / 2000)


def test_noise_leaves_silence_silent():
    waveform = noise()
    waveform[2] = 0
    noisy = add_noise(waveform, (0.0, 10.0), 1.0, seeded())
    assert not noisy[2].any()
    assert noisy.isfinite().all()
    assert (noisy[3] != waveform[3]).any()


# ---- colour


def slope(signal):
    """The a of 1 / f^a, fitted to the log of the periodogram above the floor."""
    power = torch.fft.rfft(signal.double()).abs().square()
    frequency = torch.fft.rfftfreq(len(signal), dtype=torch.float64)
    # Of each half octave the mean power, so that all of them weigh the same.
    edges = (0.5 * 2.0 ** (-torch.arange(17) / 2)).tolist()
    assert edges[-1] > WHITE_BELOW
    inside = [(frequency > low) & (frequency <= high) for high, low in zip(edges, edges[1:], strict=False)]
    x = torch.stack([frequency[band].log().mean() for band in inside])
    y = torch.stack([(power[band] * frequency[band]).mean() for band in inside]).log() - x
    x = x - x.mean()
    return -((x * y).sum() / x.square().sum()).item()


@pytest.mark.parametrize("exponent", [-1.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("n_samples", [110250, 99999])
def test_the_power_spectrum_falls_as_asked(exponent, n_samples):
    signal = coloured_noise(n_samples, (exponent, exponent), seeded())
    assert len(signal) == n_samples
    assert slope(signal) == pytest.approx(exponent, abs=0.05)


def test_both_ends_zero_are_the_white_noise_there_was():
    waveform = noise()
    draws = seeded()
    ratio_db, chosen, start = 30 * draws.uniform(8, 1), draws.uniform(8, 1) < 0.7, (2000 * draws.uniform(8)).long()
    white = draws.shared_normal(2000)
    rolled = torch.stack([white.roll(-int(first)) for first in start])
    expected = waveform + rolled * (
        waveform.square().mean(dim=1, keepdim=True).sqrt() * 10 ** (-ratio_db / 20) * chosen
    )
    torch.testing.assert_close(add_noise(waveform, (0.0, 30.0), 0.7, seeded(), (0.0, 0.0)), expected)
    assert torch.equal(
        add_noise(waveform, (0.0, 30.0), 0.7, seeded()), add_noise(waveform, (0.0, 30.0), 0.7, seeded(), (0.0, 0.0))
    )


def test_the_exponent_is_uniform_in_its_range():
    measured = torch.tensor([slope(coloured_noise(2**14, (0.5, 1.5), seeded(seed))) for seed in range(200)])
    assert 0.4 < measured.min() < 0.6
    assert 1.4 < measured.max() < 1.6
    assert (measured.mean() - 1).abs() < 5 / math.sqrt(12 * 200)


def test_red_noise_is_not_all_below_what_is_heard():
    """At 44.1 kHz: of unlimited red noise over 5 s nearly all power is below 20 Hz."""
    spectrum = torch.fft.rfft(coloured_noise(220500, (2.0, 2.0), seeded())).abs().square()
    frequency = torch.fft.rfftfreq(220500, 1 / 44100)
    assert spectrum[frequency < 20].sum() < 0.6 * spectrum.sum()


def test_coloured_noise_has_no_seam():
    """A clip's noise is a roll of it: the step from its end to its beginning is as small as any."""
    signal = coloured_noise(50000, (2.0, 2.0), seeded())
    steps = (signal.roll(-1) - signal).abs()
    assert steps[-1] < 5 * steps.mean()


def test_all_clips_have_one_noise_each_from_its_own_instant():
    waveform = torch.ones(16, 4000)
    added = add_noise(waveform, (0.0, 0.0), 1.0, seeded(), (1.0, 1.0)) - waveform
    # Positions differ, the circle does not.
    assert len(added[:, 0].unique()) == 16
    torch.testing.assert_close(added.sort(dim=1).values, added.sort(dim=1).values[:1].expand(16, -1), rtol=0, atol=1e-6)
