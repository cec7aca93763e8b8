"""Shards from before there were levels: what is found in their clips, and which have to be made again."""

from collections.abc import Callable

import numpy as np

from esc_gpu.core.full_scale import FULL_SCALE
from esc_gpu.data.clips.levels import QUIET, Levels
from esc_gpu.data.store.shards import Shard

CHUNK_BYTES = 64 << 20
Decode = Callable[[int], Levels]  # a clip by its number


def complete_shard(shard: Shard, decode: Decode) -> None:
    """Give a shard of before the levels of its clips; delete it where int16 alone has lost some of a clip.

    Only clips that are very quiet or at full scale are decoded again. Of the others it is not known whether their
    channels cancel each other.
    """
    levels = find_levels(shard, decode)
    if levels is None:
        shard.path.unlink()
    else:
        shard.add_levels(levels)


def find_levels(shard: Shard, decode: Decode) -> np.ndarray | None:
    """The levels `(n_clips, 2)` int8 of a shard of before; None where int16 alone has lost some of a clip."""
    levels = np.zeros((shard.n_clips, 2), np.int8)
    rows = max(1, CHUNK_BYTES // (2 * shard.n_samples))
    with open(shard.path, "rb") as file:
        file.seek(len(shard.header))
        for first in range(0, shard.n_clips, rows):
            n_rows = min(rows, shard.n_clips - first)
            clips = np.fromfile(file, np.int16, n_rows * shard.n_samples).reshape(n_rows, shard.n_samples)
            for row in np.flatnonzero([may_be_another(clip) for clip in clips]).tolist():
                clip = decode(shard.first + first + row)
                if clip.exponent:
                    return None
                levels[first + row, 1] = clip.marks
    return levels


def may_be_another(clip: np.ndarray) -> bool:
    """Whether a clip `(T,)` int16 may have another exponent than 0, or something to be marked."""
    peak = max(int(clip.max()), -int(clip.min()))
    if peak >= FULL_SCALE - 1:
        return True
    energy = np.einsum("i,i->", clip, clip, dtype=np.float64)
    return bool(energy < (1.1 * QUIET * FULL_SCALE) ** 2 * len(clip))  # more than what rounding adds
