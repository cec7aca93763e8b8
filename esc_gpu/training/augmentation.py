"""What a training does to its clips, in order: the options of `augment` applied."""

from torch import Tensor

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
from esc_gpu.augment.image import ImageAugmentation
from esc_gpu.config.schema import RunConfig, training_samples
from esc_gpu.core.waveform import to_float

# The ranges of the papers, where they are not options.
FILTER_BANDS = (2, 5)
ERASED_SHARE, ERASED_ASPECT = (0.02, 0.33), 0.3


def augment(
    config: RunConfig, image_size: tuple[int, int], waveform: Tensor, target: Tensor, draws: Draws
) -> tuple[Tensor, ImageAugmentation | None, Tensor]:
    """A batch of waveforms `(B, T)` int16 or float, with targets `(B, K)`, augmented.

    Returns:
        The waveforms, what the model is to do to their images of `image_size` `(F, N)`, and the targets.
    """
    waveform, target = augment_waveforms(config, waveform, target, draws)
    alter, target = draw_image_augmentation(config, target, image_size, draws)
    return waveform, alter, target


def augment_waveforms(config: RunConfig, waveform: Tensor, target: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
    """Waveforms `(B, T)` int16 or float and targets `(B, K)` → augmented, float, of `training_samples`."""
    options, rate = config.augment, config.data.sample_rate
    n_samples = training_samples(config)
    # A change of speed takes its samples from the whole circle, and cuts by itself.
    cropped = waveform.shape[1] if options.speed > 0 else n_samples
    if options.crop_seconds > 0 and options.crop_from == "sound":  # whatever a shift did before, these crops would be
        waveform = random_sound_crop(waveform, cropped, draws, n_samples)
    else:
        if options.shift_seconds > 0:
            waveform = random_shift(waveform, round(options.shift_seconds * rate), draws)
        if options.crop_seconds > 0:
            waveform = random_crop(waveform, cropped, draws)
    waveform = to_float(waveform)  # after what only moves samples, which costs half of the memory's time in int16
    if options.speed > 0:
        waveform = random_speed(waveform, options.speed, draws, n_samples)
    if options.gain_db > 0:
        waveform = random_gain(waveform, options.gain_db, draws)
    if options.polarity_probability > 0:
        waveform = random_polarity(waveform, options.polarity_probability, draws)
    if options.equalizer_db > 0:
        waveform = random_equalizer(waveform, options.equalizer_db, draws)
    if options.noise_probability > 0:
        waveform = add_noise(
            waveform, options.noise_snr_db, options.noise_probability, draws, exponent=options.noise_exponent
        )
    if options.between_class_probability > 0:
        waveform, target = between_class(waveform, target, options.between_class_probability, draws, rate)
    if options.mixup_alpha > 0:
        waveform, target = mixup(waveform, target, options.mixup_alpha, draws)
    return waveform, target


def draw_image_augmentation(
    config: RunConfig, target: Tensor, image_size: tuple[int, int], draws: Draws
) -> tuple[ImageAugmentation | None, Tensor]:
    """What is to be done to the normalised images `(B, C, F, N)` of a batch, and their targets then.

    Args:
        config: the run's.
        target: `(B, K)` targets.
        image_size: `(F, N)`.
        draws: the random numbers.
    """
    options, n_clips = config.augment, len(target)
    parts: list[ImageAugmentation] = []
    if options.freq_warp > 0:
        parts.append(draw_frequency_warp(n_clips, options.freq_warp, options.freq_warp, draws))
    if options.time_stretch > 0:
        parts.append(draw_time_stretch(n_clips, options.time_stretch, draws))
    if options.filter_std > 0:
        parts.append(draw_filter_augment(n_clips, image_size[0], options.filter_std, FILTER_BANDS, draws))
    if options.cutmix_probability > 0:
        cutmix, target = draw_cutmix(target, image_size, options.cutmix_probability, options.cutmix_axis, draws)
        parts.append(cutmix)
    if options.erase_probability > 0:
        parts.append(draw_erasing(n_clips, image_size, options.erase_probability, ERASED_SHARE, ERASED_ASPECT, draws))
    if options.freq_masks or options.time_masks:
        parts.append(
            draw_spec_augment(
                n_clips,
                image_size,
                options.freq_masks,
                options.freq_mask_share,
                options.time_masks,
                options.time_mask_share,
                draws,
            )
        )
    if not parts:
        return None, target

    def alter(image: Tensor) -> Tensor:
        for part in parts:
            image = part(image)
        return image

    return alter, target
