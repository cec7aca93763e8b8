"""Augmentation, batched on the device: draw the parameters of each clip, then apply them."""

from esc_gpu.augment.cutmix import draw_cutmix
from esc_gpu.augment.draws import Draws
from esc_gpu.augment.equalizer import random_equalizer
from esc_gpu.augment.erasing import draw_erasing
from esc_gpu.augment.filter_augment import draw_filter_augment
from esc_gpu.augment.mix import between_class, mixup
from esc_gpu.augment.noise import add_noise
from esc_gpu.augment.sound_crop import random_sound_crop
from esc_gpu.augment.spec_augment import draw_spec_augment
from esc_gpu.augment.speed import random_speed
from esc_gpu.augment.warp import draw_frequency_warp, draw_time_stretch
from esc_gpu.augment.waveform import random_crop, random_gain, random_polarity, random_shift

__all__ = [
    "Draws",
    "add_noise",
    "between_class",
    "draw_cutmix",
    "draw_erasing",
    "draw_filter_augment",
    "draw_frequency_warp",
    "draw_spec_augment",
    "draw_time_stretch",
    "mixup",
    "random_crop",
    "random_equalizer",
    "random_gain",
    "random_polarity",
    "random_shift",
    "random_sound_crop",
    "random_speed",
]
