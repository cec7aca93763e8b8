"""Front-ends as functions: `logmel(waveform, n_mels=64)` is `create_frontend("logmel", n_mels=64)(waveform)`.

There is a function for each name of `list_frontends()`, with the options of its class, a `backend`, and the errors of
the layer. The layers behind the functions are kept, so a second call with the same options costs no more than a call of
the layer. Type checkers and editors read `functional.pyi`, which is generated.
"""

from collections.abc import Callable

from torch import Tensor

from esc_gpu.frontends.functions import estimate_tuning, function_of, resample
from esc_gpu.frontends.registry import ALIASES, list_frontends
from esc_gpu.frontends.scaling import power_to_db, power_to_magnitude

__all__ = ["estimate_tuning", "power_to_db", "power_to_magnitude", "resample", *list_frontends()]


def __getattr__(name: str) -> Callable[..., Tensor]:
    if name not in list_frontends():
        hint = f": call {ALIASES[name][0]} with {ALIASES[name][1]}" if name in ALIASES else ""
        raise AttributeError(f"module 'esc_gpu.functional' has no attribute {name!r}{hint}")
    function = globals()[name] = function_of(name)
    return function


def __dir__() -> list[str]:
    return sorted(__all__)
