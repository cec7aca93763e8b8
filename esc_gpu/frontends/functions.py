"""The functions of esc_gpu.functional: layers that are kept, and called by their options."""

import functools
import inspect
import json
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from esc_gpu.core.checks import check_int
from esc_gpu.core.waveform import to_float
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.full_precision import full_precision
from esc_gpu.frontends.registry import create_frontend, frontend_class
from esc_gpu.frontends.resampling import Resample
from esc_gpu.frontends.signature import option_parameters
from esc_gpu.frontends.tuning import estimated_step, tunings

KEPT_LAYERS = 32


def resample(waveform: Tensor, input_rate: int, output_rate: int) -> Tensor:
    """`(B, T)` at `input_rate` → `(B, ceil(T * output_rate / input_rate))` float32 at `output_rate`, as `Resample`.

    >>> from esc_gpu.functional import resample
    >>> resample(torch.zeros(2, 44100), 44100, 16000).shape
    torch.Size([2, 16000])
    """
    waveform = to_float(waveform)
    with torch.autocast(waveform.device.type, enabled=False), full_precision:
        return _resampler(input_rate, output_rate, waveform.device)(waveform)


def estimate_tuning(waveform: Tensor, sample_rate: int, *, n_fft: int = 2048, bins_per_octave: int = 12) -> Tensor:
    """`(B, T)` → `(B,)` how far each clip's notes are off A4 = 440 Hz, in bins from -0.5 to 0.49.

    As `librosa.estimate_tuning`, in steps of a hundredth, 0 for a clip without a peak from 150 to 4000 Hz.

    >>> from esc_gpu.functional import estimate_tuning
    >>> seconds = torch.arange(22050) / 22050
    >>> estimate_tuning(torch.sin(2 * torch.pi * 440 * 2 ** (0.2 / 12) * seconds)[None], 22050).round(decimals=1)
    tensor([0.2000])
    """
    check_int("bins_per_octave", bins_per_octave, 1)
    frames = {"n_fft": n_fft, "hop_length": max(1, n_fft // 4), "pad_mode": "constant"}
    options = json.dumps({"sample_rate": sample_rate, **frames, "scale": "magnitude"}, sort_keys=True)
    device = waveform.device if isinstance(waveform, Tensor) else torch.device("cpu")
    spectra = _layer("spectrogram", "native", options, device)(waveform)[:, 0].transpose(1, 2)
    steps = estimated_step(spectra.detach(), sample_rate, n_fft, bins_per_octave)
    return torch.from_numpy(tunings()).float().to(device)[steps]


@functools.lru_cache(KEPT_LAYERS)
@torch.inference_mode(False)  # what is kept may later want gradients
def _resampler(input_rate: int, output_rate: int, device: torch.device) -> Resample:
    return Resample(input_rate, output_rate).to(device)


@functools.lru_cache(KEPT_LAYERS)
@torch.inference_mode(False)
def _layer(name: str, backend: str, options: str, device: torch.device) -> Frontend:
    layer = create_frontend(name, backend, **json.loads(options)).to(device)
    if list(layer.parameters()):
        raise EscGpuError(f"the function {name} cannot be trained: use the layer of create_frontend({name!r})")
    return layer


def function_of(name: str) -> Callable[..., Tensor]:
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
