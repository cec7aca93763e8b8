"""What stands at a channel's axes: its bins and the units."""

from typing import NamedTuple

import numpy as np


class ChannelAxis(NamedTuple):
    """One channel of a front-end: its name, the (F,) centres of its bins, and the units."""

    name: str
    frequencies: np.ndarray
    bin_unit: str
    value_unit: str
    is_signed: bool


def numbered(axes: list[ChannelAxis]) -> list[ChannelAxis]:
    """The axes under unique names: numbered where two have the same one."""
    names = [axis.name for axis in axes]
    if len(set(names)) == len(names):
        return axes
    return [axis._replace(name=f"{number} {axis.name}") for number, axis in enumerate(axes, start=1)]
