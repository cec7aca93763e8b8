"""Ranges of a config's numbers, which stand at its fields: `epochs: Annotated[int, POSITIVE]`."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Range:
    """What a number must fulfil, in this order: tests, each with what is said of a number that fails it."""

    rules: tuple[tuple[Callable[[Any], bool], str], ...]

    def problem(self, value: Any) -> str | None:
        """What is wrong with the value; None where nothing is."""
        shown = list(value) if isinstance(value, tuple) else value
        return next((f"{sentence}, got {shown}" for is_good, sentence in self.rules if not is_good(value)), None)


# NaN is on no side of any number.
_NOT_NEGATIVE = (lambda value: value >= 0, "must not be negative")
_FINITE = (lambda value: value < math.inf, "must be finite")
POSITIVE = Range(((lambda value: value > 0, "must be positive"), _FINITE))
NOT_NEGATIVE = Range((_NOT_NEGATIVE, _FINITE))
SHARE = Range((_NOT_NEGATIVE, _FINITE, (lambda value: value <= 1, "must be from 0 to 1")))
BELOW_ONE = Range((_NOT_NEGATIVE, _FINITE, (lambda value: value < 1, "must be from 0 to below 1")))
FOLDS = Range(((lambda value: value >= 2, "must be 2 or more"), _FINITE))
CHANNEL = Range(((lambda value: isinstance(value, str) or value >= 0, "must not be negative"),))
# No processor has as many, and an operating system may not bear more.
THREADS = Range((*POSITIVE.rules, (lambda value: value <= 1024, "must not be more than 1024")))


def up_to(limit: float) -> Range:
    """From 0 to a limit that is far above what is of use, and below what the numbers or the memory bear."""
    return Range((_NOT_NEGATIVE, _FINITE, (lambda value: value <= limit, f"must not be more than {limit}")))


def between(limit: float) -> Range:
    """A lowest and a highest value, from `-limit` to `limit`."""

    def is_good(pair: tuple[float, float]) -> bool:
        low, high = pair
        return -limit <= low <= high <= limit

    return Range(((is_good, f"must be [lowest, highest], from {-limit} to {limit}"),))
