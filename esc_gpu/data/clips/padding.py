"""How much of the clips is silence, because the recordings are shorter."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from esc_gpu.data.clips.decode import recording_samples

LOOKED_AT = 101  # recordings, spread over all
SHORT = 0.5  # share of a clip
RATE = 1000  # Hz: milliseconds will do


def recording_seconds(path: Path) -> float:
    """Length of a recording, by its header.

    Raises:
        EscGpuError: as `recording_samples`.
    """
    return recording_samples(path, RATE) / RATE


def describe_padding(
    paths: Sequence[Path], clip_seconds: float, length: Callable[[Path], float] = recording_seconds
) -> str | None:
    """A line where half of the recordings are shorter than half a clip, with what to set; else None.

    `length` gives that of a recording, in seconds.

    Raises:
        EscGpuError: for a file that cannot be read.
    """
    chosen = np.linspace(0, len(paths) - 1, min(len(paths), LOOKED_AT)).round().astype(int)
    seconds = float(np.median([length(paths[number]) for number in chosen]))
    if seconds >= SHORT * clip_seconds:
        return None
    share, rounded = 1 - seconds / clip_seconds, math.ceil(10 * seconds) / 10
    return (
        f"Half of the recordings last {seconds:.2g} s or less: with clips of {clip_seconds:g} s, {share:.0%} of "
        f"the data is added silence. --data.clip_seconds {max(rounded, 0.1):g} makes the clips shorter"
    )
