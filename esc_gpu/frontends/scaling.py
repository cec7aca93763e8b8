"""From power to its logarithms or magnitude, with gradients that stay finite on silence."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.core.checks import check_choice, check_not_negative, check_number
from esc_gpu.errors import EscGpuError

DB_PER_NEPER = 10 / math.log(10)  # of a power
LOGS = ("db", "ln", "log10", "log1p")
SCALES = (*LOGS, "power", "magnitude")
# Those that are minus infinity of 0, unless something is added.
UNBOUNDED = ("db", "ln", "log10")
AMIN = 1e-10  # the power floor of librosa.power_to_db
UNHELD = 2.0**-150  # up to here float32 rounds to 0
# Power under which a bin is silent, 290 dB under a full-scale tone: the gradients of ratios of smaller numbers
# overflow float32.
SILENT_POWER = 1e-24


def power_to_db(power: Tensor, top_db: float | None = 80.0, *, ref: float | str = 1.0, amin: float = AMIN) -> Tensor:
    """Power `(B, ...)` → `10 log10(max(power, amin) / max(ref, amin))` in dB, as `librosa.power_to_db`.

    `top_db` as in `limit_range`, `ref` as in `relative_db`.

    >>> from esc_gpu.functional import power_to_db
    >>> power_to_db(torch.tensor([[1.0, 0.1, 0.0]]))
    tensor([[  0., -10., -80.]])
    """
    if not power.is_cuda or torch.compiler.is_compiling():
        return relative_db(limit_range(power.clamp_min(amin).log10_().mul_(10.0), top_db), ref, amin)
    # Each pass over the memory counts: one for both limits, one for c log(x).
    floor: float | Tensor = amin
    if top_db is not None:
        peak = power.amax(dim=tuple(range(1, power.ndim)), keepdim=True)
        floor = (peak * 10 ** (-top_db / 10)).clamp_min_(amin)
    return relative_db(torch.xlogy(DB_PER_NEPER, power.clamp_min(floor)), ref, amin)


def relative_db(db: Tensor, ref: float | str, amin: float) -> Tensor:
    """Decibels `(B, ...)` of a power over `ref`: a number, at least `amin`, or "max" for each clip's own maximum."""
    if isinstance(ref, str):
        return db - db.amax(dim=tuple(range(1, db.ndim)), keepdim=True)
    zero = max(ref, amin)
    return db if zero == 1 else db - 10 * math.log10(zero)


def limit_range(db: Tensor, top_db: float | None) -> Tensor:
    """Cut each clip of `(B, ...)` at `top_db` under its own maximum, never under its batch's; None cuts nothing."""
    if top_db is None:
        return db
    dims = tuple(range(1, db.ndim))
    return torch.maximum(db, db.amax(dim=dims, keepdim=True) - top_db)


def power_to_magnitude(power: Tensor) -> Tensor:
    """The square root, with gradient 0 at 0 where that of `sqrt` is infinite.

    >>> from esc_gpu.functional import power_to_magnitude
    >>> power_to_magnitude(torch.tensor([4.0, 0.0]))
    tensor([2., 0.])
    """
    return F.threshold(power, 0.0, 0.0).sqrt()


def raise_power(base: Tensor, exponent: float) -> Tensor:
    """`base ** exponent` of what is not negative, with gradient 0 at 0, where it can be infinite."""
    if exponent == 1:
        return base
    # Of what is not above the threshold the gradient is chosen to be 0, whatever `pow` says.
    positive = F.threshold(base, 0.0, 0.0)
    return positive.sqrt() if exponent == 0.5 else positive.pow(exponent)


def audible_magnitude(power: Tensor) -> Tensor:
    """The square root of a power, 0 under `SILENT_POWER`; its ratios have gradients that float32 can hold."""
    return F.threshold(power, SILENT_POWER, 0.0).sqrt()


def squared_magnitude(spectrum: Tensor) -> Tensor:
    """`|z|²` of complex numbers, of the same shape."""
    if spectrum.is_cuda and not torch.compiler.is_compiling():
        return spectrum.abs().square_()  # the parts lie side by side, and are read together
    return spectrum.real.square().add_(spectrum.imag.square())


def scale_unit(scale: str) -> str:
    """The unit of values in a scale."""
    return {"db": "dB", "power": scale, "magnitude": scale}.get(scale, f"{scale} power")


def under_the_maximum(top_db: float | None, ref: float | str = 1.0) -> str | None:
    """Why values limited by `top_db`, or relative to `ref`, are no frame's own, as `Frontend.whole_clip`."""
    if ref == "max":
        return "ref='max' is the whole clip's maximum; set a number"
    if top_db is None:
        return None
    return f"top_db={top_db:g} is a limit under the whole clip's maximum; set top_db=None"


def check_scale(scale: str) -> str:
    """`scale`, if it is one of `SCALES`."""
    check_choice("scale", scale, SCALES)
    return scale


def check_top_db(top_db: float | None) -> float | None:
    """`top_db`, if it is positive or None."""
    if top_db is not None:
        check_number("top_db", top_db, above=0)
    return top_db


def check_ref(ref: float | str) -> float | str:
    """`ref`, if it is a positive number or "max"."""
    if ref == "max":
        return ref
    if isinstance(ref, str):
        raise EscGpuError(f"ref must be a finite number above 0, or 'max', got {ref!r}")
    check_number("ref", ref, above=0)
    return float(ref)


def take_log(values: Tensor, log: str | None, floor: float, offset: float) -> Tensor:
    """The logarithm of `max(values, floor) + offset`, of one of `LOGS`; None for the values as they are."""
    if log is None:
        return values
    values = values.clamp_min(floor) if floor > 0 else values
    values = values + offset if offset > 0 else values
    if log == "ln":
        return values.log()
    if log == "log1p":
        return values.log1p()
    return values.log10() * (10.0 if log == "db" else 1.0)


def check_held(name: str, value: float) -> None:
    """Refuse a floor or an offset that is 0 in float32: the logarithm of silence would be minus infinity."""
    if 0 < value <= UNHELD:
        raise EscGpuError(f"{name} must be above {UNHELD:g}, or it is 0 in float32, got {value!r}: raise it")


def check_amin(amin: float) -> float:
    """`amin`, if it is a floor that float32 holds."""
    check_number("amin", amin, above=0)
    check_held("amin", amin)
    return float(amin)


def check_log_offset(scale: str, offset: float) -> float:
    """`offset` in a scale, if it is not negative, and 0 where it would have no effect."""
    check_not_negative("log_offset", offset)
    check_held("log_offset", offset)
    if offset > 0 and scale not in UNBOUNDED:
        raise EscGpuError(
            f"log_offset={offset:g} has no effect on {scale!r}: leave it out, or take one of {', '.join(UNBOUNDED)}"
        )
    return float(offset)


def check_log(log: str | None, floor: float, offset: float) -> None:
    """Refuse a logarithm that there is not, and one that is infinite for silence."""
    check_choice("log", log, (*LOGS, None))
    check_not_negative("log_floor", floor)
    check_not_negative("log_offset", offset)
    check_held("log_floor", floor)
    check_held("log_offset", offset)
    if log not in ("log1p", None) and floor + offset == 0:
        raise EscGpuError("log_floor and log_offset are both 0: the logarithm of silence would be minus infinity")
