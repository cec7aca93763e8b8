"""Functions that a compiler calls, and does not follow."""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

# What `torch.compiler.assume_constant_result` leaves on a function. It loads the compiler for that, which takes as long
# as loading torch does; a test holds the two together.
ASSUMED_CONSTANT = "_dynamo_marked_constant"


def assumed_constant(function: Function) -> Function:
    """Have a compiler call the function and keep what it gives, instead of following it."""
    setattr(function, ASSUMED_CONSTANT, True)
    return function
