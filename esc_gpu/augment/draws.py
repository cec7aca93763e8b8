"""The random numbers of a batch, whichever process has which of its clips."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

AHEAD = 16  # batches of which a GPU makes the parameters at once


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
        self.n_ahead = 1 if self.device.type == "cpu" else AHEAD
        self.made: dict[Any, tuple[tuple[Tensor, ...], int]] = {}  # parameters, and of how many batches they were given

    def uniform(self, n_clips: int, *shape: int) -> Tensor:
        """`(n_clips, *shape)` float32 in `[0, 1)`."""
        batch_size = n_clips if self.batch_size is None else self.batch_size
        drawn = torch.rand(batch_size, *shape, generator=self.generator, device=self.device)
        return drawn[self.first : self.first + n_clips]

    def parameters(
        self,
        make: Callable[..., tuple[Tensor, ...]],
        options: tuple[Any, ...],
        n_clips: int,
        *shapes: tuple[int, ...],
    ) -> tuple[Tensor, ...]:
        """What an augmentation does to each clip: `make(*options, *drawn)`, with uniform numbers of these shapes.

        On a GPU it is made for many batches at once, and given batch by batch. The arithmetic on a few numbers of each
        clip would else take a hundred kernels in every step, each of which costs the host as much as one of a large
        tensor.

        Args:
            make: takes the options and for each shape a tensor `(rows, *shape)` of numbers in `[0, 1)`; gives tensors
                of as many rows, of which each depends on its own numbers alone.
            options: hashable.
            n_clips: how many of the batch's clips are here.
            shapes: of what is drawn for each clip.
        """
        if self.n_ahead == 1:
            return make(*options, *(self.uniform(n_clips, *shape) for shape in shapes))
        batch_size = n_clips if self.batch_size is None else self.batch_size
        key = (make, options, batch_size, shapes)
        made, given = self.made.get(key, ((), self.n_ahead))
        if given == self.n_ahead:
            counts = [math.prod(shape) for shape in shapes]
            rows = self.n_ahead * batch_size
            numbers = torch.rand(rows, sum(counts), generator=self.generator, device=self.device).split(counts, dim=1)
            drawn = (part.reshape(rows, *shape) for part, shape in zip(numbers, shapes, strict=True))
            made, given = make(*options, *drawn), 0
        self.made[key] = made, given + 1
        start = given * batch_size + self.first
        return tuple(parameter[start : start + n_clips] for parameter in made)

    def shared_normal(self, n_samples: int) -> Tensor:
        """`(n_samples,)` float32 of a normal distribution, the same for every clip of the batch."""
        return torch.randn(n_samples, generator=self.generator, device=self.device)
