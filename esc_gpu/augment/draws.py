"""The random numbers of a batch, whichever process has which of its clips."""

import torch
from torch import Generator, Tensor


class Draws:
    """Random numbers for some clips of a batch.

    Processes that share a batch give the same generator and batch size, and each the position of its own clips: every
    number is drawn for the whole batch, so a clip gets the same ones however many processes there are.

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

    def uniform(self, n_clips: int, *shape: int) -> Tensor:
        """`(n_clips, *shape)` float32 in `[0, 1)`."""
        batch_size = n_clips if self.batch_size is None else self.batch_size
        numbers = torch.rand(batch_size, *shape, generator=self.generator, device=self.device)
        return numbers[self.first : self.first + n_clips]

    def shared_normal(self, n_samples: int) -> Tensor:
        """`(n_samples,)` float32 of a normal distribution, the same for every clip of the batch."""
        return torch.randn(n_samples, generator=self.generator, device=self.device)
