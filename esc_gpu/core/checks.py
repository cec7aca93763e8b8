"""Sentences for wrong front-end options."""

import difflib
import math
from collections.abc import Iterable
from typing import Any

from esc_gpu.errors import EscGpuError

MOST = 1 << 20  # samples, bins or bands: a window of twenty seconds, and far below what a memory bears
MOST_WEIGHTS = 1 << 27  # of a bank of filters: a gibibyte in float64


def check_int(name: str, value: Any, low: int, high: int | None = None) -> None:
    """Refuse what is not an integer in `[low, high]`; None stands for `MOST`."""
    good = isinstance(value, int) and not isinstance(value, bool) and value >= low
    if not good or value > (MOST if high is None else high):
        limits = f"at least {low}" if high is None and not good else f"from {low} to {MOST if high is None else high}"
        raise EscGpuError(f"{name} must be an integer {limits}, got {value!r}")


def check_weights(name: str, count: int, each: int) -> None:
    """Refuse a bank of so many filters with so many weights each, which would take minutes and the memory to make."""
    if count * each > MOST_WEIGHTS:
        raise EscGpuError(
            f"{name}={count} would take {count * each:,} weights, {each:,} for each; expected up to {MOST_WEIGHTS:,}: "
            f"lower {name}"
        )


def check_number(name: str, value: Any, above: float | None = None) -> None:
    """Refuse what is not a finite number, or not one above `above`."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not good or (above is not None and value <= above):
        kind = "a finite number" if above is None else f"a finite number above {above:g}"
        raise EscGpuError(f"{name} must be {kind}, got {value!r}")


def check_not_negative(name: str, value: Any) -> None:
    """Refuse what is not a finite number from 0 on."""
    check_number(name, value)
    if value < 0:
        raise EscGpuError(f"{name} must be a finite number of 0 or more, got {value!r}")


def check_share(name: str, value: Any) -> None:
    """Refuse what is not a number from 0 to 1."""
    check_number(name, value)
    if not 0 <= value <= 1:
        raise EscGpuError(f"{name} must be a number from 0 to 1, got {value!r}")


def check_bool(name: str, value: object) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise EscGpuError(f"{name} must be true or false, got {value!r}")


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Refuse what is not one of `choices`."""
    choices = list(choices)
    if value not in choices:
        raise EscGpuError(
            f"{name} must be one of {', '.join(map(str, choices))}, got {value!r}{nearest(value, choices)}"
        )


def check_frequency_range(fmin: float, fmax: float | None, sample_rate: int) -> tuple[float, float]:
    """`fmin` and `fmax` (None: half the sample rate) in Hz, if they are within 0 Hz and the Nyquist frequency."""
    check_number("fmin", fmin)
    if fmax is None:
        fmax = sample_rate / 2
    check_number("fmax", fmax)
    if not 0 <= fmin < fmax <= sample_rate / 2:
        raise EscGpuError(
            f"fmin and fmax must satisfy 0 <= fmin < fmax <= sample_rate / 2 = {sample_rate / 2:g} Hz, "
            f"got fmin={fmin:g}, fmax={fmax:g}"
        )
    return float(fmin), float(fmax)


def nearest(value: object, choices: Iterable[object]) -> str:
    """`"; did you mean 'x'?"` where a choice is close to `value`, else an empty string."""
    names = [str(choice) for choice in choices]
    if str(value) in names:
        return ""
    same = [name for name in names if name.lower() == str(value).lower()]
    close = same or difflib.get_close_matches(str(value), names, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
