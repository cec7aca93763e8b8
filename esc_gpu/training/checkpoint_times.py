"""When a fold writes a checkpoint."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

EPOCHS_TO_CHECKPOINT = 20  # seconds of training to one of writing


class CheckpointTimes:
    """The epochs after which a checkpoint is due.

    Args:
        every: epochs between them; None for the first epoch, and then whenever 20 times as long as the last one took
            has gone by: on a GPU an epoch may take less time than its checkpoint.
    """

    def __init__(self, every: int | None):
        self.every = every
        self.last = self.seconds = 0.0  # when the last one ended, and how long it took

    def is_due(self, epochs: int) -> bool:
        """Whether one is to be written after so many epochs, from 1."""
        if self.every is not None:
            return epochs % self.every == 0
        return time.monotonic() - self.last >= EPOCHS_TO_CHECKPOINT * self.seconds

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Around the writing of one."""
        started = time.monotonic()
        yield
        self.last = time.monotonic()
        self.seconds = self.last - started
