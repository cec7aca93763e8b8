"""What options of the commands are read as: numbers in their ranges."""

import math
from argparse import ArgumentTypeError


def count(text: str) -> int:
    """A whole number of 1 or more."""
    if not (text.isdecimal() and int(text) > 0):
        raise ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def probability(text: str) -> float:
    """A number from 0 to 1."""
    if not 0 <= (value := _number(text)) <= 1:
        raise ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value


def seconds(text: str) -> float:
    """A duration, 0 or more."""
    if not 0 <= (value := _number(text)) < math.inf:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds, 0 or more")
    return value


def share(text: str) -> float | None:
    """A number, or None for none."""
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is neither a number from 0 to 0.95 nor none") from error


def _number(text: str) -> float:
    """NaN for what is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
