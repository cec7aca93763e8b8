"""Which channel of a recording is read, or the mean of all."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from esc_gpu.core.channel import Channel, number_of
from esc_gpu.data.clips.damaged_files import DamagedFileError

CANCELLING = 10.0 ** (-10 / 10)  # energy of the mean of two channels, in their mean energy


def channel_number(path: Path, channel: Channel, n_channels: int) -> int:
    """The index of a channel that has a name or a number.

    Raises:
        DamagedFileError: for a file that has fewer channels.
    """
    number = number_of(channel)
    if number >= n_channels:
        name = f"channel {channel}, counted from 0" if isinstance(channel, int) else f"a {channel} one"
        have = "1 channel" if n_channels == 1 else f"{n_channels} channels"
        raise DamagedFileError(path, f"has {have}; expected {name}, by data.channel")
    return number


def loudest_channel(blocks: Iterable[np.ndarray]) -> int:
    """The index of the channel with the most energy in blocks `(frames, channels)`; of equal ones the first.

    One with NaN counts as the loudest, so that it is found.
    """
    energy = sum(np.einsum("fc,fc->c", block, block, dtype=np.float64) for block in blocks)
    return int(np.argmax(energy))


class MixedChannels:
    """The mean of the channels, block by block, and whether two channels cancel each other in it."""

    def __init__(self) -> None:
        self.before = self.after = 0.0  # energies, of two channels on average and of their mean

    def mix(self, block: np.ndarray) -> np.ndarray:
        """`(frames, channels)` → `(frames,)`."""
        mean: np.ndarray = block.mean(axis=1)
        if block.shape[1] == 2:
            with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused elsewhere
                self.before += float(np.einsum("fc,fc->", block, block)) / 2
                self.after += float(np.einsum("f,f->", mean, mean))
        return mean

    @property
    def are_cancelled(self) -> bool:
        """Whether the mean has 10 dB less than the two channels."""
        return self.after < CANCELLING * self.before
