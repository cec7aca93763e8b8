"""Options of front-ends whose values are levels: the scale, its zero, its floor and its range."""

from typing import Any

from torch import Tensor

from esc_gpu.core.checks import check_number
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.scaling import (
    AMIN,
    LOGS,
    check_amin,
    check_log_offset,
    check_ref,
    check_scale,
    check_top_db,
    power_to_db,
    power_to_magnitude,
    raise_power,
    scale_unit,
    take_log,
    under_the_maximum,
)


class Levels(Frontend):
    """What features that are levels share.

    Args:
        power: exponent of the magnitudes: 2 for levels of the power, 1 for those of the magnitudes.
        log_offset: what is added to the power before the logarithm, in place of the floor `amin`; 0 for the floor.
        top_db: range kept below each clip's maximum, in dB; None for no limit.
        ref: the power that is 0 dB, or "max" for each clip's maximum.
        amin: floor of the power; 1e-10 is -100 dB.
    """

    scale = "db"
    limits_own_frames = True

    def __init__(
        self,
        *,
        power: float = 2.0,
        log_offset: float = 0.0,
        top_db: float | None = 80.0,
        ref: float | str = 1.0,
        amin: float = AMIN,
        **rest: Any,
    ):
        super().__init__(**rest)
        check_number("power", power, above=0)
        self.band_exponent = float(power)
        self.top_db = check_top_db(top_db)
        self.ref = check_ref(ref)
        self.amin = check_amin(amin)
        self.log_offset = check_log_offset(self.scale, log_offset)

    @property
    def options(self) -> dict[str, Any]:
        return super().options | {"power": self.band_exponent}  # `self.power` is that of the frames

    @property
    def floor(self) -> float:
        """Floor of the power before a logarithm."""
        return 0.0 if self.log_offset > 0 else self.amin

    def raised(self, power: Tensor) -> Tensor:
        """Power → magnitudes to the power of the option `power`, of the same shape."""
        return power if self.band_exponent == 2 else raise_power(power, self.band_exponent / 2)

    def in_db(self, power: Tensor) -> Tensor:
        """Power `(B, ...)` → dB."""
        power = power + self.log_offset if self.log_offset > 0 else power
        return power_to_db(power, self.top_db, ref=self.ref, amin=self.floor)

    def rescale(self, power: Tensor) -> Tensor:
        """Power `(B, ...)` → the same shape in `scale`."""
        if self.scale == "db":
            return self.in_db(power)
        if self.scale in LOGS:
            return take_log(power, self.scale, 0.0 if self.scale == "log1p" else self.floor, self.log_offset)
        return power if self.scale == "power" else power_to_magnitude(power)

    @property
    def whole_clip(self) -> str | None:
        return under_the_maximum(self.top_db, self.ref) if self.scale == "db" else None


class ScaledPower(Levels):
    """What levels have that are decibels, or are not.

    Args:
        scale: "db" (`10 log10(power)`), "ln", "log10" or "log1p" (`ln(1 + power)`), or "power" or "magnitude", which is
            the square root of it.
        log_offset: what is added to the power before the logarithm, in place of the floor `amin`; 0 for the floor. Only
            for `scale="db"`, "ln" and "log10".
        top_db: range kept below each clip's maximum, in dB; None for no limit. Only for `scale="db"`.
        ref: the power that is 0 dB, or "max" for each clip's maximum. Only for `scale="db"`.
        amin: floor of the power; 1e-10 is -100 dB. Only for `scale="db"`, "ln" and "log10".
    """

    def __init__(self, *, scale: str = "db", **levels: Any):
        self.scale = check_scale(scale)
        super().__init__(**levels)

    @property
    def value_unit(self) -> str:
        return scale_unit(self.scale)
