"""Shift, gain and noise: every clip draws its own parameters, from the generator and nothing else."""

import math

import pytest
import torch

from esc_gpu.augment import Draws, add_noise, random_gain, random_shift

SAMPLES = 2000


def seeded(seed=0):
    return Draws(torch.Generator().manual_seed(seed))


def noise(n_clips=8, n_samples=SAMPLES, seed=1):
    return seeded(seed).uniform(n_clips, n_samples) - 0.5


def ramps(n_clips, n_samples):
    """Clips whose samples are their own positions: the first sample tells the shift."""
    return torch.arange(n_samples).float().expand(n_clips, -1)


def shifts_of(rolled):
    """`(B,)` samples by which ramps were rolled, in `(-T / 2, T / 2]`."""
    n_samples = rolled.shape[1]
    shift = (-rolled[:, 0].long()) % n_samples
    return torch.where(shift > n_samples // 2, shift - n_samples, shift)


ALL = {
    "shift": lambda waveform, draws: random_shift(waveform, 100, draws),
    "gain": lambda waveform, draws: random_gain(waveform, 6.0, draws),
    "noise": lambda waveform, draws: add_noise(waveform, (5.0, 30.0), 0.5, draws),
}
for_all = pytest.mark.parametrize("augment", ALL.values(), ids=ALL)


@for_all
def test_the_seed_decides(augment):
    first, again, other = (augment(noise(), seeded(seed)) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@for_all
def test_the_global_generator_is_neither_used_nor_moved(augment):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = augment(noise(), seeded())
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(1)
    assert torch.equal(augment(noise(), seeded()), first)


@for_all
def test_the_generator_moves_on(augment):
    draws = seeded()
    assert not torch.equal(augment(noise(), draws), augment(noise(), draws))


@for_all
def test_every_clip_is_its_own(augment):
    waveform = noise(1).expand(64, -1)
    assert len(augment(waveform, seeded()).unique(dim=0)) > 20


@for_all
@pytest.mark.parametrize("n_clips", [1, 5])
def test_shape_and_type_stay_and_the_input_is_left_alone(augment, n_clips):
    waveform = noise(n_clips)
    output = augment(waveform, seeded())
    assert output.shape == waveform.shape
    assert output.dtype == waveform.dtype
    assert torch.equal(waveform, noise(n_clips))


# ---- shift


@pytest.mark.parametrize("max_samples", [1, 7, 1000, SAMPLES, 5 * SAMPLES])
def test_shift_is_a_roll(max_samples):
    waveform = noise()
    shifted = random_shift(waveform, max_samples, seeded())
    assert torch.equal(shifted.sort(dim=1).values, waveform.sort(dim=1).values)
    shifts = shifts_of(random_shift(ramps(8, SAMPLES), max_samples, seeded()))
    for before, after, shift in zip(waveform, shifted, shifts.tolist(), strict=True):
        assert torch.equal(after, before.roll(shift))


@pytest.mark.parametrize("max_samples", [0, 1, 3, 20])
def test_shift_takes_every_value_up_to_its_bound(max_samples):
    """Both bounds among them, all equally often: each count is within 5 standard deviations of its mean."""
    n_clips = 400 * (2 * max_samples + 1)
    shifts = shifts_of(random_shift(ramps(n_clips, 50), max_samples, seeded()))
    values, counts = shifts.unique(return_counts=True)
    assert values.tolist() == list(range(-max_samples, max_samples + 1))
    assert (counts - 400).abs().max() <= 5 * 20


@pytest.mark.parametrize(("drawn", "expected"), [(0.0, -110250), (1 - 2**-24, 110250)])
@pytest.mark.parametrize("scale", [1, 1 / 5])
def test_shift_at_the_ends_of_the_draw(monkeypatch, drawn, expected, scale):
    """float32 must not round the largest draw up to one sample over the bound."""
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, drawn))
    bound = round(110250 * scale)
    shifts = shifts_of(random_shift(ramps(2, 5 * 44100 + 3), bound, seeded()))
    assert shifts.tolist() == [math.copysign(bound, expected)] * 2


# ---- gain


@pytest.mark.parametrize("max_gain_db", [1.0, 6.0, 40.0])
def test_gain_is_constant_over_a_clip_and_in_range(max_gain_db):
    waveform = noise(1000, 20)
    gains = random_gain(waveform, max_gain_db, seeded()) / waveform
    torch.testing.assert_close(gains, gains[:, :1].expand_as(gains), rtol=1e-5, atol=0)
    gain_db = 20 * gains[:, 0].log10()
    assert gain_db.abs().max() <= max_gain_db + 1e-4
    # Uniform in decibels: 1000 clips come close to both ends, and their mean to 0 within 5 deviations.
    assert gain_db.min() < -0.97 * max_gain_db
    assert gain_db.max() > 0.97 * max_gain_db
    assert gain_db.mean().abs() < 5 * max_gain_db / math.sqrt(3 * 1000)


def test_no_gain_changes_nothing():
    assert torch.equal(random_gain(noise(), 0.0, seeded()), noise())


# ---- noise


def snr_db(clean, noisy):
    return 10 * torch.log10(clean.square().mean(dim=1) / (noisy - clean).square().mean(dim=1))


@pytest.mark.parametrize("level", [1.0, 1e-3])
@pytest.mark.parametrize("asked_db", [0.0, 10.0, 30.0])
def test_noise_has_the_ratio_asked_for(asked_db, level):
    waveform = level * noise(50, 20000)
    measured = snr_db(waveform, add_noise(waveform, (asked_db, asked_db), 1.0, seeded()))
    # The power of 20,000 samples of noise has a deviation of 1 %: 0.043 dB. Five of them.
    assert (measured - asked_db).abs().max() < 0.22


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
