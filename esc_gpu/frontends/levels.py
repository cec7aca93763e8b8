"""Options of front-ends whose values are levels: the scale, its zero, its floor and its range."""

from typing import Any

from torch import Tensor

from esc_gpu.core.checks import check_number
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.scaling import (
    AMIN,
    check_ref,
    check_scale,
    check_top_db,
    power_to_db,
    power_to_magnitude,
    scale_unit,
    under_the_maximum,
)


class Levels(Frontend):
    """What features in decibels share.

    Args:
        top_db: range kept below each clip's maximum, in dB; None for no limit.
        ref: the power that is 0 dB, or "max" for each clip's maximum.
        amin: floor of the power; 1e-10 is -100 dB.
    """

    def __init__(self, *, top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = AMIN, **rest: Any):
        super().__init__(**rest)
        self.top_db = check_top_db(top_db)
        self.ref = check_ref(ref)
        check_number("amin", amin, above=0)
        self.amin = float(amin)

    def in_db(self, power: Tensor) -> Tensor:
        """Power `(B, ...)` → dB."""
        return power_to_db(power, self.top_db, ref=self.ref, amin=self.amin)

    @property
    def whole_clip(self) -> str | None:
        return under_the_maximum(self.top_db, self.ref)


class ScaledPower(Levels):
    """What features of a power have that are in decibels, or are not.

    Args:
        scale: "db" (`10 log10(power)`), "power" or "magnitude".
        top_db: range kept below each clip's maximum, in dB; None for no limit. Only for `scale="db"`.
        ref: the power that is 0 dB, or "max" for each clip's maximum. Only for `scale="db"`.
        amin: floor of the power; 1e-10 is -100 dB. Only for `scale="db"`.
    """

    def __init__(self, *, scale: str = "db", **levels: Any):
        super().__init__(**levels)
        self.scale = check_scale(scale)

    def rescale(self, power: Tensor) -> Tensor:
        """Power `(B, ...)` → the same shape in `scale`."""
        if self.scale == "db":
            return self.in_db(power)
        return power if self.scale == "power" else power_to_magnitude(power)

    @property
    def whole_clip(self) -> str | None:
        return super().whole_clip if self.scale == "db" else None

    @property
    def value_unit(self) -> str:
        return scale_unit(self.scale)
