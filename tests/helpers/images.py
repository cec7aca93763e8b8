"""What the tests of image augmentations share: images, and an augmentation of each kind."""

import torch

from esc_gpu.augment.cutmix import draw_cutmix
from esc_gpu.augment.erasing import draw_erasing
from esc_gpu.augment.filter_augment import draw_filter_augment
from esc_gpu.augment.spec_augment import draw_spec_augment
from esc_gpu.augment.warp import draw_frequency_warp, draw_time_stretch

CLIPS, CHANNELS, BINS, FRAMES = 8, 2, 24, 37
SIZE = (BINS, FRAMES)


def images(n_clips=CLIPS, dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n_clips, CHANNELS, BINS, FRAMES, generator=generator, dtype=dtype)


# By name: number of clips, strength from 0 to 1 and the draws → what is applied to the image.
DRAWN = {
    "spec augment": lambda n, strength, draws: draw_spec_augment(n, SIZE, 2, 0.3 * strength, 2, 0.3 * strength, draws),
    "erasing": lambda n, strength, draws: draw_erasing(n, SIZE, strength, (0.02, 0.4), 0.3, draws),
    "cutmix in time": lambda n, strength, draws: draw_cutmix(torch.eye(n), SIZE, strength, "time", draws)[0],
    "cutmix in frequency": lambda n, strength, draws: draw_cutmix(torch.eye(n), SIZE, strength, "frequency", draws)[0],
    "frequency scale": lambda n, strength, draws: draw_frequency_warp(n, 0.2 * strength, 0.0, draws),
    "frequency shift": lambda n, strength, draws: draw_frequency_warp(n, 0.0, 0.2 * strength, draws),
    "time stretch": lambda n, strength, draws: draw_time_stretch(n, 0.2 * strength, draws),
    "filter augment": lambda n, strength, draws: draw_filter_augment(n, BINS, strength, (2, 5), draws),
}
