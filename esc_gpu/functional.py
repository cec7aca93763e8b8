"""Front-ends as functions: `logmel(waveform, n_mels=64)` is `create_frontend("logmel", n_mels=64)(waveform)`.

One for each name of `list_frontends()`, with the options of its class, a `backend`, and the layer's errors. The layers
behind them are kept: a second call with the same options costs no more than the layer's.
"""

import functools
import inspect
import json
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from esc_gpu.core.waveform import to_float
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Frontend, exact_matmul, option_parameters
from esc_gpu.frontends.registry import create_frontend, frontend_class, list_frontends
from esc_gpu.frontends.resampling import Resample
from esc_gpu.frontends.scaling import power_to_db, power_to_magnitude

__all__ = ["power_to_db", "power_to_magnitude", "resample", *list_frontends()]

KEPT_LAYERS = 32


def resample(waveform: Tensor, input_rate: int, output_rate: int) -> Tensor:
    """`(B, T)` at `input_rate` → `(B, ceil(T * output_rate / input_rate))` float32 at `output_rate`, as `Resample`."""
    waveform = to_float(waveform)
    with torch.autocast(waveform.device.type, enabled=False), exact_matmul:
        return _resampler(input_rate, output_rate, waveform.device)(waveform)


@functools.lru_cache(KEPT_LAYERS)
@torch.inference_mode(False)  # what is kept may later want gradients
def _resampler(input_rate: int, output_rate: int, device: torch.device) -> Resample:
    return Resample(input_rate, output_rate).to(device)


@functools.lru_cache(KEPT_LAYERS)
@torch.inference_mode(False)
def _layer(name: str, backend: str, options: str, device: torch.device) -> Frontend:
    layer = create_frontend(name, backend, **json.loads(options)).to(device)
    if list(layer.parameters()):
        raise EscGpuError(f"the function {name} has nothing to train: use the layer of create_frontend({name!r})")
    return layer


def _function(name: str) -> Callable[..., Tensor]:
    """The twin of one front-end, with its options as the signature and its class's docstring."""

    def twin(waveform: Tensor, *, backend: str = "auto", **options: Any) -> Tensor:
        try:
            key = json.dumps(options, sort_keys=True)
        except TypeError as error:
            raise EscGpuError(f"the options of the function {name} must be plain types: {error}") from error
        # What is no tensor gets the layer's own error.
        device = waveform.device if isinstance(waveform, Tensor) else torch.device("cpu")
        return _layer(name, backend, key, device)(waveform)

    cls = frontend_class(name)
    first = [
        inspect.Parameter("waveform", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Tensor),
        inspect.Parameter("backend", inspect.Parameter.KEYWORD_ONLY, default="auto", annotation=str),
    ]
    signature = inspect.Signature([*first, *option_parameters(cls)], return_annotation=Tensor)
    vars(twin)["__signature__"] = signature
    twin.__name__ = twin.__qualname__ = name
    twin.__doc__ = f"The function of `create_frontend({name!r})`: `(B, T)` → `(B, C, F, N)`.\n\n    {cls.__doc__}"
    return twin


def __getattr__(name: str) -> Callable[..., Tensor]:
    if name not in list_frontends():
        raise AttributeError(f"module 'esc_gpu.functional' has no attribute {name!r}")
    function = globals()[name] = _function(name)
    return function


def __dir__() -> list[str]:
    return sorted(__all__)
