"""Every clip draws its own parameters, from the generator and nothing else; shift, crop, gain and polarity."""

import math

import pytest
import torch

from esc_gpu.augment import (
    add_noise,
    between_class,
    random_crop,
    random_equalizer,
    random_gain,
    random_polarity,
    random_shift,
    random_sound_crop,
    random_speed,
    tables,
)
from tests.helpers.draws import seeded
from tests.helpers.private_torch import find_or_skip

SAMPLES = 2000


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


def between(waveform, probability, draws):
    """Mixtures, whatever their labels."""
    return between_class(waveform, torch.zeros(len(waveform), 2), probability, draws, 8000)[0]


ALL = {
    "shift": lambda waveform, draws: random_shift(waveform, 100, draws),
    "crop": lambda waveform, draws: random_crop(waveform, waveform.shape[1], draws),
    "sound": lambda waveform, draws: random_sound_crop(waveform, waveform.shape[1], draws, -(-waveform.shape[1] // 2)),
    "gain": lambda waveform, draws: random_gain(waveform, 6.0, draws),
    "noise": lambda waveform, draws: add_noise(waveform, (5.0, 30.0), 0.5, draws),
    "coloured": lambda waveform, draws: add_noise(waveform, (5.0, 30.0), 0.5, draws, (0.0, 2.0)),
    "speed": lambda waveform, draws: random_speed(waveform, 0.2, draws),
    "equalizer": lambda waveform, draws: random_equalizer(waveform, 6.0, draws),
    "between": lambda waveform, draws: between(waveform, 0.9, draws),
}
POLARITY = {"polarity": lambda waveform, draws: random_polarity(waveform, 0.5, draws)}  # has two outcomes only
OFF = {
    "shift": lambda waveform, draws: random_shift(waveform, 0, draws),
    "gain": lambda waveform, draws: random_gain(waveform, 0.0, draws),
    "polarity": lambda waveform, draws: random_polarity(waveform, 0.0, draws),
    "noise": lambda waveform, draws: add_noise(waveform, (5.0, 30.0), 0.0, draws),
    "coloured": lambda waveform, draws: add_noise(waveform, (5.0, 30.0), 0.0, draws, (2.0, 2.0)),
    "speed": lambda waveform, draws: random_speed(waveform, 0.0, draws),
    "equalizer": lambda waveform, draws: random_equalizer(waveform, 0.0, draws),
    "between": lambda waveform, draws: between(waveform, 0.0, draws),
}


def each(table):
    return pytest.mark.parametrize("augment", table.values(), ids=table)


for_all = each(ALL | POLARITY)


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


@each(ALL)
def test_every_clip_is_its_own(augment):
    waveform = noise(1).expand(64, -1)
    if augment is ALL["between"]:  # of two equal clips only the share in power can tell
        waveform = noise(2).repeat(32, 1)
    assert len(augment(waveform, seeded()).unique(dim=0)) > 20


@for_all
@pytest.mark.parametrize("n_clips", [1, 5])
def test_shape_and_type_stay_and_the_input_is_left_alone(augment, n_clips):
    waveform = noise(n_clips)
    output = augment(waveform, seeded())
    assert output.shape == waveform.shape
    assert output.dtype == waveform.dtype
    assert torch.equal(waveform, noise(n_clips))


@each(OFF)
@pytest.mark.parametrize("n_samples", [1, 300, 9999])
def test_without_strength_the_clips_come_back_exactly(augment, n_samples):
    assert torch.equal(augment(noise(5, n_samples), seeded()), noise(5, n_samples))


@for_all
def test_silence_stays_silent(augment):
    assert not augment(torch.zeros(4, SAMPLES), seeded()).any()
    one_silent = noise(6)
    one_silent[2] = 0
    assert augment(one_silent, seeded()).isfinite().all()


@for_all
@pytest.mark.parametrize("n_samples", [1, 2, 17, 4097])
def test_any_length_is_augmented(augment, n_samples):
    output = augment(noise(3, n_samples), seeded())
    assert output.shape == (3, n_samples)
    assert output.isfinite().all()


@pytest.fixture
def no_tables():
    """None of values among tensors without, and the other way round."""
    tables.forget()
    yield
    tables.forget()


@for_all
@pytest.mark.usefixtures("no_tables")
def test_nothing_depends_on_a_value_that_the_host_would_wait_for(augment):
    """Tensors without values run through: no `.item()`, no index of a size that only the values tell."""
    draws = seeded()
    with find_or_skip("torch._subclasses.fake_tensor", "FakeTensorMode")():
        assert augment(torch.zeros(8, SAMPLES), draws).shape == (8, SAMPLES)


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


# ---- crop


@pytest.mark.parametrize("n_samples", [1, 300, SAMPLES, 3 * SAMPLES + 7])
def test_crop_is_a_piece_of_a_circle(n_samples):
    waveform = noise()
    pieces = random_crop(waveform, n_samples, seeded())
    starts = random_crop(ramps(8, SAMPLES), n_samples, seeded())[:, 0].long().tolist()
    assert pieces.shape == (8, n_samples)
    for clip, piece, start in zip(waveform, pieces, starts, strict=True):
        assert torch.equal(piece, clip.roll(-start).repeat(4)[:n_samples])


def test_crop_starts_anywhere():
    """Each of 50 samples equally often, within 5 standard deviations of a count of 400."""
    starts, counts = random_crop(ramps(20000, 50), 10, seeded())[:, 0].unique(return_counts=True)
    assert starts.tolist() == list(range(50))
    assert (counts - 400).abs().max() <= 5 * 20


def test_crop_at_the_end_of_the_draw(monkeypatch):
    """float32 must not round the largest draw up to the clip's length."""
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, 1 - 2**-24))
    assert random_crop(ramps(1, 220501), 2, seeded()).tolist() == [[220500, 0]]


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


# ---- polarity


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_polarity_turns_a_share_of_the_clips(probability):
    waveform = noise(2000, 10)
    turned = random_polarity(waveform, probability, seeded())
    signs = (turned / waveform)[:, :1]
    assert torch.equal(turned, waveform * signs)
    share = (signs == -1).float().mean().item()
    assert abs(share - probability) <= 5 * math.sqrt(probability * (1 - probability) / 2000)
