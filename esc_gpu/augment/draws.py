"""The random numbers of a batch, whichever process has which of its clips."""

import math

import torch
from torch import Generator, Tensor

AHEAD = 64  # numbers of a clip


class Draws:
    """Random numbers for some clips of a batch.

    Processes that share a batch give the same generator and batch size, and each the position of its own clips: every
    number is drawn for the whole batch, so a clip gets the same ones however many processes there are. On a GPU many
    numbers are drawn at once, and given one by one.

    Args:
        generator: the source of all numbers; its device is theirs.
        first: position in the batch of the first clip that is here.
        batch_size: clips of the whole batch; None where they are all here.

    >>> from esc_gpu.augment import Draws
    >>> Draws(torch.Generator().manual_seed(0)).uniform(4, 2).shape
    torch.Size([4, 2])
    """

    def __init__(self, generator: Generator, first: int = 0, batch_size: int | None = None):
        self.generator = generator
        self.device = generator.device
        self.first = first
        self.batch_size = batch_size
        self.ahead, self.taken = torch.empty(0, 0), 0  # numbers drawn ahead, and how many of a clip's were given

    def uniform(self, n_clips: int, *shape: int) -> Tensor:
        """`(n_clips, *shape)` float32 in `[0, 1)`."""
        batch_size = n_clips if self.batch_size is None else self.batch_size
        here = slice(self.first, self.first + n_clips)
        if self.device.type == "cpu":
            return torch.rand(batch_size, *shape, generator=self.generator, device=self.device)[here]
        count = math.prod(shape)
        if len(self.ahead) != batch_size or self.taken + count > self.ahead.shape[1]:
            self.taken, width = 0, max(AHEAD, count)
            self.ahead = torch.rand(batch_size, width, generator=self.generator, device=self.device)
        self.taken += count
        return self.ahead[here, self.taken - count : self.taken].view(n_clips, *shape)

    def shared_normal(self, n_samples: int) -> Tensor:
        """`(n_samples,)` float32 of a normal distribution, the same for every clip of the batch."""
        return torch.randn(n_samples, generator=self.generator, device=self.device)
