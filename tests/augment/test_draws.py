"""A clip's random numbers do not depend on which process has it, or on how many there are."""

import itertools

import pytest
import torch

from esc_gpu.augment import (
    Draws,
    add_noise,
    between_class,
    draw_spec_augment,
    mixup,
    random_crop,
    random_equalizer,
    random_gain,
    random_polarity,
    random_shift,
    random_sound_crop,
    random_speed,
)

CLIPS, SAMPLES = 8, 4000


def generator(seed=5):
    return torch.Generator().manual_seed(seed)


def batch():
    """Clips, and a label of its own for each."""
    return torch.rand(CLIPS, SAMPLES, generator=generator(1)) - 0.5, torch.eye(CLIPS)


def mixed(waveform, target, draws):
    return torch.cat(mixup(waveform, target, 0.4, draws), dim=1)


AUGMENTATIONS = {
    "shift": lambda waveform, target, draws: random_shift(waveform, 500, draws),
    "gain": lambda waveform, target, draws: random_gain(waveform, 6.0, draws),
    "noise": lambda waveform, target, draws: add_noise(waveform, (0.0, 30.0), 0.7, draws),
    "coloured": lambda waveform, target, draws: add_noise(waveform, (0.0, 30.0), 0.7, draws, (0.0, 2.0)),
    "crop": lambda waveform, target, draws: random_crop(waveform, 1000, draws),
    "sound": lambda waveform, target, draws: random_sound_crop(waveform, 1000, draws),
    "polarity": lambda waveform, target, draws: random_polarity(waveform, 0.5, draws),
    "speed": lambda waveform, target, draws: random_speed(waveform, 0.2, draws),
    "equalizer": lambda waveform, target, draws: random_equalizer(waveform, 6.0, draws),
    "between": lambda waveform, target, draws: torch.cat(between_class(waveform, target, 0.7, draws, 8000), dim=1),
    "mixup": mixed,
    "masks": lambda waveform, target, draws: draw_spec_augment(len(waveform), (16, 32), 2, 0.3, 2, 0.3, draws).hidden,
}


@pytest.mark.parametrize("n_parts", [2, 4])
@pytest.mark.parametrize("augment", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_the_parts_of_a_batch_are_augmented_as_the_whole(augment, n_parts):
    waveform, target = batch()
    whole = augment(waveform, target, Draws(generator()))
    share = CLIPS // n_parts
    parts = [
        augment(waveform[first : first + share], target[first : first + share], Draws(generator(), first, CLIPS))
        for first in range(0, CLIPS, share)
    ]
    # The last bits of a Fourier transform depend on how many are made at once.
    atol = 1e-6 if augment in (AUGMENTATIONS["equalizer"], AUGMENTATIONS["between"]) else 0
    torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=atol)
    assert not torch.equal(torch.cat([parts[0]] * n_parts), whole)  # and the parts have not all the same numbers


@pytest.mark.parametrize("n_parts", [1, 2])
@pytest.mark.parametrize("augment", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_made_ahead_the_parts_of_each_batch_are_as_the_whole_and_no_two_batches_alike(augment, n_parts):
    waveform, target = batch()
    share = CLIPS // n_parts

    def batches(first, n_clips, batch_size):
        draws = Draws(generator(), first, batch_size)
        draws.n_ahead = 2  # a GPU makes those of more
        here = slice(first, first + n_clips)
        return [augment(waveform[here], target[here], draws) for _ in range(5)]

    whole = batches(0, CLIPS, None)
    parts = [batches(first, share, CLIPS) for first in range(0, CLIPS, share)]
    atol = 1e-6 if augment in (AUGMENTATIONS["equalizer"], AUGMENTATIONS["between"]) else 0
    for of_whole, *of_parts in zip(whole, *parts, strict=True):
        torch.testing.assert_close(torch.cat(of_parts), of_whole, rtol=0, atol=atol)
    assert not any(torch.equal(one, other) for one, other in itertools.combinations(whole, 2))


@pytest.mark.parametrize("n_ahead", [1, 3])
def test_parameters_are_made_of_uniform_numbers_row_by_row(n_ahead):
    calls = []

    def make(factor, one, two):
        calls.append((factor, one, two))
        return factor * one, two

    draws = Draws(generator())
    draws.n_ahead = n_ahead
    given = [draws.parameters(make, (2.0,), CLIPS, (), (3, 2)) for _ in range(4)]
    assert len(calls) == (4 if n_ahead == 1 else 2)
    one, two = (torch.cat(parts) for parts in zip(*(call[1:] for call in calls), strict=True))
    assert torch.equal(torch.cat([factor for factor, _ in given]), 2 * one[: 4 * CLIPS])
    assert torch.equal(torch.cat([rest for _, rest in given]), two[: 4 * CLIPS])
    assert one.shape[1:] == () and two.shape[1:] == (3, 2)
    assert two.min() >= 0 and two.max() < 1 and two.unique().numel() > 0.99 * two.numel()
    # Other options, or another function, have numbers of their own.
    assert not torch.equal(draws.parameters(make, (1.0,), CLIPS, (), (3, 2))[1], given[0][1])
    assert draws.parameters(lambda drawn: (drawn,), (), CLIPS, (5,))[0].shape == (CLIPS, 5)


def test_all_augmentations_in_turn_leave_the_generators_of_all_parts_alike():
    whole, part = Draws(generator()), Draws(generator(), 6, CLIPS)
    for draws, clips in ((whole, slice(None)), (part, slice(6, 8))):
        for augment in AUGMENTATIONS.values():
            augment(*(rows[clips] for rows in batch()), draws)
    assert torch.equal(whole.generator.get_state(), part.generator.get_state())


@pytest.mark.parametrize(
    "draw", [lambda d: d.uniform(CLIPS, 3), lambda d: d.shared_normal(100)], ids=["uniform", "normal"]
)
def test_numbers_follow_their_generator_and_nothing_else(draw):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = draw(Draws(generator()))
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(1)
    assert torch.equal(draw(Draws(generator())), first)
    assert not torch.equal(draw(Draws(generator(6))), first)
    one = Draws(generator())
    assert not torch.equal(draw(one), draw(one))


def test_numbers_of_some_clips_are_their_rows_of_the_batch():
    whole = Draws(generator()).uniform(CLIPS, 3)
    assert torch.equal(Draws(generator(), 3, CLIPS).uniform(2, 3), whole[3:5])
    assert whole.min() >= 0 and whole.max() < 1 and whole.dtype == torch.float32


def test_the_shared_noise_is_the_same_for_all_parts():
    assert torch.equal(Draws(generator(), 4, CLIPS).shared_normal(50), Draws(generator()).shared_normal(50))


def test_the_noises_of_two_clips_are_uncorrelated_though_they_are_one():
    waveform = torch.ones(32, 20000)
    added = add_noise(waveform, (0.0, 0.0), 1.0, Draws(generator())) - waveform
    spectra = torch.fft.rfft(added)
    spectra /= spectra.abs().square().mean(dim=1, keepdim=True).sqrt()
    # One noise under another roll: the magnitudes of the spectra agree, up to float32's rounding of the sums.
    torch.testing.assert_close(spectra.abs(), spectra[:1].abs().expand(32, -1), rtol=0, atol=1e-3)
    correlation = torch.corrcoef(added)[~torch.eye(32, dtype=torch.bool)]
    # White noise against itself rolled: a deviation of 1 / sqrt(20,000). 496 pairs stay within five of them.
    assert correlation.abs().max() < 5 / 20000**0.5
