"""Axes of the charts in the page: where the ticks are, as shares of the axis, and what they say."""

import math
from typing import NamedTuple

import numpy as np

from esc_gpu.report.figures.panels import bin_ticks

SLACK = 1e-9  # of a step, for what rounding takes or adds


class Tick(NamedTuple):
    """`at` from 0 (low end) to 1 (high end)."""

    at: float
    text: str


class Axis(NamedTuple):
    """An axis from `low` to `high` with its ticks."""

    low: float
    high: float
    ticks: tuple[Tick, ...]
    label: str

    def at(self, value: float) -> float:
        """Where on the axis a value is, from 0 to 1; 0 where the axis has no length."""
        return (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0


def value_axis(low: float, high: float, label: str, most: int = 6, whole: bool = False) -> Axis:
    """An axis from `low` to `high` with up to `most` ticks at round values, in steps of 1, 2 or 5 times 10^k.

    With `whole` the steps are whole numbers, as for epochs.
    """
    step = max(_round_step((high - low) / most), 1.0 if whole else 0.0)
    if not step > 0:
        return Axis(low, high, (Tick(0.0, f"{low:.4g}"),), label)
    first, last = math.ceil(low / step - SLACK), math.floor(high / step + SLACK)
    decimals = max(0, -math.floor(math.log10(step) + SLACK))
    axis = Axis(low, high, (), label)
    # 0.0 + drops the sign of a negative zero
    values = [0.0 + round(number * step, decimals) for number in range(first, last + 1)]
    return axis._replace(ticks=tuple(Tick(axis.at(value), minus(f"{value:.{decimals}f}")) for value in values))


def minus(number: str) -> str:
    """A number with a true minus sign."""
    return number.replace("-", "−")


def _round_step(smallest: float) -> float:
    """The least of 1, 2, 5 times 10^k that is not under `smallest`."""
    if not smallest > 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(smallest))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= smallest * (1 - SLACK))


def bin_axis(frequencies: np.ndarray, unit: str) -> Axis:
    """The bins `(F,)` in equal steps, from the lower edge of the first to the upper edge of the last."""
    axis = Axis(-0.5, len(frequencies) - 0.5, (), f"frequency in {unit}" if unit == "Hz" else unit)
    ticks = (Tick(axis.at(position), text) for position, text in zip(*bin_ticks(frequencies, unit), strict=True))
    return axis._replace(ticks=tuple(ticks))
