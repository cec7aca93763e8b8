"""Random numbers of an augmentation from a seed."""

import torch

from esc_gpu.augment import Draws


def seeded(seed=0, first=0, batch_size=None):
    return Draws(torch.Generator().manual_seed(seed), first, batch_size)
