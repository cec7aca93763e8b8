"""Augmentation, batched on the device: draw the parameters of each clip, then apply them."""

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.mix import mixup
from esc_gpu.augment.spectrogram import draw_masks
from esc_gpu.augment.waveform import add_noise, random_gain, random_shift

__all__ = ["Draws", "add_noise", "draw_masks", "mixup", "random_gain", "random_shift"]
