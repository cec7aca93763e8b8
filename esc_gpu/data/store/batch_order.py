"""The order in which an epoch visits the clips, the share of each process, and even choices of some."""

import numpy as np

from esc_gpu.errors import EscGpuError


def shuffled_batches(clips: np.ndarray, batch_size: int, seed: tuple[int, ...], n_parts: int = 1) -> list[np.ndarray]:
    """One epoch's batches of `(batch_size,)` clip numbers, in an order drawn from `seed`.

    The incomplete batch at the end is left out, unless it is the only one: that is cut to a multiple of `n_parts`, the
    equal parts that it is to be split into.

    Raises:
        EscGpuError: for fewer clips than parts.
    """
    if len(clips) < n_parts:
        raise EscGpuError(
            f"{len(clips)} training clips are too few for {n_parts} parts of a batch: start fewer processes or lower "
            "train.accumulation"
        )
    order = np.random.default_rng(seed).permutation(clips)
    n_batches = len(order) // batch_size
    if n_batches == 0:
        return [order[: len(order) // n_parts * n_parts]]
    return np.split(order[: n_batches * batch_size], n_batches)


def evaluation_batches(clips: np.ndarray, batch_size: int, rank: int = 0, world_size: int = 1) -> list[np.ndarray]:
    """A rank's batches of all clips in order: it takes every `world_size`-th, padded so that all ranks have as many."""
    padded = np.resize(clips, -(-len(clips) // world_size) * world_size)
    share = padded[rank::world_size]
    return [share[start : start + batch_size] for start in range(0, len(share), batch_size)]


def evenly(positions: np.ndarray, n: int) -> np.ndarray:
    """Up to `n` of the positions, at equal distances."""
    n = min(n, len(positions))
    return positions[np.arange(n) * len(positions) // max(n, 1)]
