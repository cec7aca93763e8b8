"""The options of `augment`: each switches its part on, all off leave the clips alone."""

import dataclasses

import pytest
import torch

from esc_gpu.augment import (
    Draws,
    add_noise,
    between_class,
    draw_cutmix,
    draw_erasing,
    draw_filter_augment,
    draw_frequency_warp,
    draw_spec_augment,
    draw_time_stretch,
    mixup,
    random_crop,
    random_equalizer,
    random_gain,
    random_polarity,
    random_shift,
    random_sound_crop,
    random_speed,
)
from esc_gpu.config.schema import AugmentConfig, DataConfig, RunConfig, training_samples
from esc_gpu.training.augmentation import augment_waveforms, draw_image_augmentation

RATE, SAMPLES, IMAGE = 8000, 8000, (16, 32)
OFF = AugmentConfig(shift_seconds=0, gain_db=0, freq_masks=0, time_masks=0)
WAVEFORM = {
    "shift_seconds": 0.5,
    "crop_seconds": 0.5,
    "speed": 0.2,
    "gain_db": 0.5,
    "polarity_probability": 0.5,
    "equalizer_db": 0.5,
    "noise_probability": 0.5,
    "between_class_probability": 0.5,
    "mixup_alpha": 0.3,
}
IMAGES = {
    "freq_warp": 0.1,
    "time_stretch": 0.2,
    "filter_std": 0.5,
    "cutmix_probability": 0.9,
    "erase_probability": 0.9,
    "freq_masks": 1,
    "time_masks": 1,
}
MIXING = ("between_class_probability", "mixup_alpha", "cutmix_probability")


def config_with(**options):
    data = DataConfig(sample_rate=RATE, clip_seconds=SAMPLES / RATE)
    return RunConfig(data=data, augment=dataclasses.replace(OFF, **options))


def augmented(config, seed=0):
    """Waveform, image and labels of a batch after all augmentation."""
    generator = torch.Generator().manual_seed(5)
    waveform = torch.randn(8, SAMPLES, generator=generator)
    image = torch.randn(8, 1, *IMAGE, generator=generator)
    draws = Draws(torch.Generator().manual_seed(seed))
    waveform, target = augment_waveforms(config, waveform, torch.eye(8), draws)
    alter, target = draw_image_augmentation(config, target, IMAGE, draws)
    return waveform, image if alter is None else alter(image), target


def test_every_option_is_tested_here():
    strengths = {field.name for field in dataclasses.fields(AugmentConfig) if field.default in (0, 1, 2.5, 6)}
    assert strengths == {*WAVEFORM, *IMAGES}


def test_all_off_leaves_everything_alone():
    waveform, image, target = augmented(config_with())
    generator = torch.Generator().manual_seed(5)
    assert torch.equal(waveform, torch.randn(8, SAMPLES, generator=generator))
    assert torch.equal(image, torch.randn(8, 1, *IMAGE, generator=generator))
    assert torch.equal(target, torch.eye(8))
    draws = Draws(torch.Generator().manual_seed(0))
    before = draws.generator.get_state()
    augment_waveforms(config_with(), waveform, target, draws)
    assert draw_image_augmentation(config_with(), target, IMAGE, draws)[0] is None
    assert torch.equal(draws.generator.get_state(), before)  # what is off draws no number either


@pytest.mark.parametrize("name", WAVEFORM)
def test_a_waveform_option_changes_the_waveform_and_no_image(name):
    config = config_with(**{name: WAVEFORM[name]})
    plain, changed = augmented(config_with()), augmented(config)
    assert changed[0].shape == (8, training_samples(config))
    assert not torch.equal(changed[0], plain[0])
    assert torch.equal(changed[1], plain[1])
    assert torch.equal(changed[2], plain[2]) == (name not in MIXING)


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_option_changes_the_image_and_no_waveform(name):
    plain, changed = augmented(config_with()), augmented(config_with(**{name: IMAGES[name]}))
    assert torch.equal(changed[0], plain[0])
    assert changed[1].shape == plain[1].shape and not torch.equal(changed[1], plain[1])
    assert torch.equal(changed[2], plain[2]) == (name not in MIXING)


def test_all_of_them_follow_the_generator_and_are_finite():
    config = config_with(**WAVEFORM, **IMAGES)
    first, again, other = (augmented(config, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))
    assert all(part.isfinite().all() for part in first)
    torch.testing.assert_close(first[2].sum(dim=1), torch.ones(8))


def test_each_part_has_its_own_options_and_the_ranges_of_the_papers():
    shares = {"freq_mask_share": 0.4, "time_mask_share": 0.3, "cutmix_axis": "frequency"}
    noise = {"noise_snr_db": (3.0, 9.0), "noise_exponent": (1.0, 2.0)}
    found = augmented(config_with(**WAVEFORM, **IMAGES, **shares, **noise))
    generator = torch.Generator().manual_seed(5)
    waveform, image = torch.randn(8, SAMPLES, generator=generator), torch.randn(8, 1, *IMAGE, generator=generator)
    draws = Draws(torch.Generator().manual_seed(0))
    waveform = random_crop(random_shift(waveform, RATE // 2, draws), SAMPLES, draws)
    waveform = random_gain(random_speed(waveform, 0.2, draws, SAMPLES // 2), 0.5, draws)
    waveform = random_equalizer(random_polarity(waveform, 0.5, draws), 0.5, draws)
    waveform = add_noise(waveform, (3.0, 9.0), 0.5, draws, exponent=(1.0, 2.0))
    waveform, target = between_class(waveform, torch.eye(8), 0.5, draws, RATE)
    waveform, target = mixup(waveform, target, 0.3, draws)
    parts = [draw_frequency_warp(8, 0.1, 0.1, draws), draw_time_stretch(8, 0.2, draws)]
    parts.append(draw_filter_augment(8, IMAGE[0], 0.5, (2, 5), draws))
    cutmix, target = draw_cutmix(target, IMAGE, 0.9, "frequency", draws)
    parts += [cutmix, draw_erasing(8, IMAGE, 0.9, (0.02, 0.33), 0.3, draws)]
    for part in (*parts, draw_spec_augment(8, IMAGE, 1, 0.4, 1, 0.3, draws)):
        image = part(image)
    assert all(torch.equal(here, expected) for here, expected in zip(found, (waveform, image, target), strict=True))


def test_crop_and_speed_together_give_the_length_of_the_crop():
    config = config_with(crop_seconds=0.25, speed=0.3)
    assert augmented(config)[0].shape == (8, 2000)


@pytest.mark.parametrize("speed", [0.0, 0.2])
def test_crops_from_sound_are_of_the_clips_as_they_are(speed):
    config = config_with(crop_seconds=0.25, crop_from="sound", shift_seconds=0.5, speed=speed)
    waveform = torch.zeros(8, SAMPLES)
    waveform[:, 3000:3100] = 1.0
    cropped, target = augment_waveforms(config, waveform, torch.eye(8), Draws(torch.Generator().manual_seed(0)))
    draws = Draws(torch.Generator().manual_seed(0))
    expected = random_sound_crop(waveform, SAMPLES if speed else 2000, draws, 2000)
    assert torch.equal(cropped, random_speed(expected, speed, draws, 2000) if speed else expected)
    assert speed or cropped.sum(dim=1).tolist() == [100] * 8
    assert torch.equal(target, torch.eye(8))


def test_between_class_and_mixup_together_mix_the_same_two_clips():
    waveform, _, target = augmented(config_with(between_class_probability=1.0, mixup_alpha=0.2))
    once = augmented(config_with(between_class_probability=1.0))
    pairs = torch.arange(8) // 2
    others = pairs[:, None] != pairs
    assert not target[others].any() and (target[~others] > 0).all()
    torch.testing.assert_close(target.sum(dim=1), torch.ones(8))
    # Each is a blend of its pair's two mixtures: with the share by its label, the waveform is known.
    own, other = torch.arange(8), torch.arange(8) ^ 1
    share = (target[own, own] - once[2][other, own]) / (once[2][own, own] - once[2][other, own])
    assert ((share > -1e-4) & (share < 1 + 1e-4)).all()
    expected = torch.lerp(once[0][other], once[0][own], share[:, None])
    torch.testing.assert_close(waveform, expected, atol=1e-3, rtol=1e-3)
