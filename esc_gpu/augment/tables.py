"""Tables that augmentations look into: made once for a device and kept, where each would be kernels of every step."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import torch

P = ParamSpec("P")
Table = TypeVar("Table")
KEPT: list["functools._lru_cache_wrapper[Any]"] = []  # all that are kept, to be cleared


def kept(make: Callable[P, Table]) -> Callable[P, Table]:
    """A function that makes a table of sizes and a device, which is not to be altered, and remembers the last ones."""

    @functools.lru_cache(maxsize=16)
    def made(*arguments: Any, **options: Any) -> Table:
        with torch.inference_mode(False):  # or a training after a prediction could not use it
            return make(*arguments, **options)

    @functools.wraps(make)
    def look_up(*arguments: P.args, **options: P.kwargs) -> Table:
        if torch.compiler.is_compiling():  # a table is a constant of the graph, or folded into it
            return make(*arguments, **options)
        return made(*arguments, **options)  # type: ignore[arg-type]

    KEPT.append(made)
    return look_up


def forget() -> None:
    """Make all tables anew when they are next asked for: those of tensors without data are of no use outside."""
    for made in KEPT:
        made.cache_clear()


@kept
def count_up(length: int, device: torch.device) -> torch.Tensor:
    """`(length,)` int64 from 0 on."""
    return torch.arange(length, device=device)
