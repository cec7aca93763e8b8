"""Clips as int16 with a power of two each: what is far below or above full scale keeps its 16 bits."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from esc_gpu.core.full_scale import FULL_SCALE

QUIET = 10.0 ** (-70 / 20)  # root mean square of a clip, full scale at 1: of one below, int16 would keep few steps
EXPONENTS = (-64, 32)  # beyond, the squares of a spectrum leave the range of float32
FULL_SCALE_SHARE = 0.01  # of a clip's samples
# What is found while a clip is decoded: bits of `Levels.marks`.
AT_FULL_SCALE, SILENT, CANCELLED = 1, 2, 4


class Levels(NamedTuple):
    """A clip of `samples` `(T,)` int16, to be multiplied with 2^exponent; and what was found in it, as bits."""

    samples: np.ndarray
    exponent: int
    marks: int

    @property
    def waveform(self) -> np.ndarray:
        """`(T,)` int16 with full scale at 32768; where the exponent is not 0, float32 with full scale at 1."""
        return self.samples if self.exponent == 0 else scaled(self.samples, np.array(self.exponent))


def quantize(waveform: np.ndarray, n_samples: int, may_exceed: bool) -> Levels:
    """`(t,)` float32, full scale at 1, as `(n_samples,)` int16 with an exponent; zeros follow its end.

    The exponent is 0 for a clip that int16 holds. It is another for a clip that is quieter than `QUIET` and would lose
    by being rounded and, with `may_exceed`, for one with samples beyond full scale. Then the largest sample takes up
    the range of int16. Without `may_exceed` such samples are clipped: a decoder of MP3 or a resampler overshoots.
    """
    peak = float(max(waveform.max(initial=0), -waveform.min(initial=0)))
    exponent = 0
    if (may_exceed and peak > 1) or (peak > 0 and _is_quiet(waveform, peak) and _loses(waveform)):
        exponent = _fitting_exponent(peak)
    part = np.ldexp(waveform, -exponent) if exponent else waveform
    part = part.clip(-1, 1) * FULL_SCALE  # exact for a 16-bit file at its own rate
    part = np.rint(part).clip(max=FULL_SCALE - 1)
    samples = np.zeros(n_samples, dtype=np.int16)
    samples[: len(part)] = part
    may_be_clipped = exponent in (0, EXPONENTS[1])
    marks = SILENT * (peak == 0) | AT_FULL_SCALE * (may_be_clipped and is_at_full_scale(samples, len(part)))
    return Levels(samples, exponent, marks)


def _is_quiet(waveform: np.ndarray, peak: float) -> bool:
    return peak < QUIET or float(np.einsum("i,i->", waveform, waveform)) < QUIET**2 * len(waveform)


def _loses(waveform: np.ndarray) -> bool:
    """Whether int16 alone would round."""
    steps = waveform * FULL_SCALE
    return bool((np.rint(steps) != steps).any())


def _fitting_exponent(peak: float) -> int:
    """The least with which the largest sample stays within int16."""
    fraction, exponent = np.frexp(peak)
    lowest, highest = EXPONENTS
    return int(np.clip(exponent + (np.rint(fraction * FULL_SCALE) == FULL_SCALE), lowest, highest))


def is_at_full_scale(samples: np.ndarray, n_recorded: int) -> bool:
    """Whether more than `FULL_SCALE_SHARE` of the recorded samples of a clip `(T,)` are at either end of int16."""
    if samples.max(initial=0) < FULL_SCALE - 1 and samples.min(initial=0) > -FULL_SCALE:
        return False
    n_ends = int(np.count_nonzero((samples == FULL_SCALE - 1) | (samples == -FULL_SCALE)))
    return n_ends > FULL_SCALE_SHARE * n_recorded


def scaled(samples: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """int16, and exponents that broadcast with it → float32 with full scale at 1, exact."""
    return np.ldexp(samples.astype(np.float32), exponents.astype(np.int32) - 15)


def stack_waveforms(waveforms: Sequence[np.ndarray]) -> np.ndarray:
    """Clips `(T,)` int16 or float32 as `(B, T)` int16, or float32 where one of them is; full scale as theirs."""
    if all(waveform.dtype == np.int16 for waveform in waveforms):
        return np.stack(waveforms)
    nothing = np.array(0)
    return np.stack([scaled(clip, nothing) if clip.dtype == np.int16 else clip for clip in waveforms])
