"""Front-ends as functions: `logmel(waveform, n_mels=64)` is `create_frontend("logmel", n_mels=64)(waveform)`.

One for each name of `list_frontends()`, with the options of its class, a `backend`, and the layer's errors. The layers
behind them are kept: a second call with the same options costs no more than the layer's. What a type checker and an
editor see of this module stands in `functional.pyi`, which is generated.
"""

from collections.abc import Callable

from torch import Tensor

from esc_gpu.frontends.functions import function_of, resample
from esc_gpu.frontends.registry import ALIASES, list_frontends
from esc_gpu.frontends.scaling import power_to_db, power_to_magnitude

__all__ = ["power_to_db", "power_to_magnitude", "resample", *list_frontends()]


def __getattr__(name: str) -> Callable[..., Tensor]:
    if name not in list_frontends():
        hint = f": call {ALIASES[name][0]} with {ALIASES[name][1]}" if name in ALIASES else ""
        raise AttributeError(f"module 'esc_gpu.functional' has no attribute {name!r}{hint}")
    function = globals()[name] = function_of(name)
    return function


def __dir__() -> list[str]:
    return sorted(__all__)
