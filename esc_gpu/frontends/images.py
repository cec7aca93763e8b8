"""Features of a clip with their axes and units: what is drawn, saved and analysed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends import Frontend
from esc_gpu.frontends.constant_q_bands import ConstantQBands, ear_offset
from esc_gpu.frontends.registry import create_frontend, list_frontends

STACK_MEMBERS = ("logmel", "mfcc", "cqt")
DELTA_MEMBER = "logmel"
INPUT_MEMBER = "logmel"
# Bins of the constant-Q transforms, and of their octaves.
CONSTANT_Q = {"cqt": (84, 12), "vqt": (84, 12), "chroma_cqt": (252, 36)}
CONTRAST_HZ = 200.0  # upper edge of the first band of the spectral contrast


@dataclass(frozen=True, eq=False)
class FeatureImage:
    """What a front-end makes of one clip.

    Attributes:
        values: (C, F, N) float32, C channels, F bins, N frames.
        times: (N,) s, the centre of each frame.
        frequencies: (F,) centre of each bin in `bin_unit`; of several channels, the first one's.
        bin_unit: "Hz", "coefficient", "pitch class", or "feature" for rows that are descriptors.
        value_unit: such as "dB" or "Hz"; "" for numbers without one.
        is_signed: whether the values lie around 0, as those of cepstra and derivatives do.
        channels: of several channels, each as an image of its own with its own axis and unit, by its name.
    """

    values: np.ndarray
    times: np.ndarray
    frequencies: np.ndarray
    bin_unit: str
    value_unit: str
    is_signed: bool = False
    channels: "Mapping[str, FeatureImage]" = field(default_factory=dict)


def compute_features(waveform: Tensor, sample_rate: int, frontends: Mapping[str, Frontend]) -> dict[str, FeatureImage]:
    """Every front-end's image of one clip, by the names of `frontends`.

    Args:
        waveform: (T,) int16 or float, full scale at ±1.
        sample_rate: of the waveform in Hz.
        frontends: layers that take this rate.

    Raises:
        EscGpuError: for another shape or dtype, a front-end for another rate, and a clip too short for one.
    """
    if not isinstance(waveform, Tensor) or waveform.ndim != 1:
        shape = f"a tensor {tuple(waveform.shape)}" if isinstance(waveform, Tensor) else type(waveform).__name__
        raise EscGpuError(f"the waveform of a clip is a tensor (T,), got {shape}: take one clip, one channel")
    images = {}
    for name, frontend in frontends.items():
        if frontend.input_rate != sample_rate:
            raise EscGpuError(
                f"{name} takes waveforms at {frontend.input_rate} Hz, this one is at {sample_rate} Hz: make the "
                f"front-end with input_sample_rate={sample_rate}"
            )
        with torch.no_grad():
            images[name] = feature_image(frontend, frontend(waveform[None])[0])
    return images


def feature_image(frontend: Frontend, values: Tensor) -> FeatureImage:
    """The image `(C, F, N)` that `frontend` has made, with its axes and units."""
    array, times = values.float().cpu().numpy(), frontend.times(values.shape[-1]).cpu().numpy()
    axes = frontend.channel_axes()
    channels = {
        axis.name: FeatureImage(array[c : c + 1], times, *axis[1:])
        for c, axis in enumerate(axes if len(axes) > 1 else [])
    }
    return FeatureImage(array, times, *axes[0][1:], channels)


def default_frontends(
    sample_rate: int, names: Sequence[str] | None = None, n_samples: int | None = None
) -> dict[str, Frontend]:
    """Front-ends with their default options for waveforms at `sample_rate` (Hz), by name.

    A stack has log-mel, MFCC and CQT as members, a delta and a model's input log-mel. Where the highest bins of a
    constant-Q transform or of the spectral contrast would lie above half the sample rate, these have fewer.

    Args:
        names: of `list_frontends()`; None for all of them.
        n_samples: length of a clip: of all front-ends, those that need a longer one are left out.

    Raises:
        EscGpuError: for an unknown name.
    """
    made = {name: create_frontend(name, **default_options(name, sample_rate)) for name in names or list_frontends()}
    if names is None and n_samples is not None:
        made = {name: frontend for name, frontend in made.items() if frontend.min_samples <= n_samples}
    return made


def make_frontends(sample_rate: int, options: Mapping[str, Mapping[str, Any]]) -> dict[str, Frontend]:
    """Front-ends for waveforms at `sample_rate` (Hz), each by its options; one for another rate resamples first.

    Args:
        options: what `create_frontend` is called with, `sample_rate` included, by a name for each.

    Raises:
        EscGpuError: for options that a front-end refuses.
    """
    made = {}
    for name, chosen in options.items():
        resampled = {} if chosen["sample_rate"] == sample_rate else {"input_sample_rate": sample_rate}
        made[name] = create_frontend(**{**chosen, **resampled})
    return made


def default_options(name: str, sample_rate: int) -> dict[str, Any]:
    """What `create_frontend` is called with besides the name."""
    options: dict[str, Any] = {"sample_rate": sample_rate}
    if name in CONSTANT_Q:
        n_bins, bins_per_octave = CONSTANT_Q[name]
        offset = ear_offset(bins_per_octave) if name == "vqt" else 0.0
        bands = ConstantQBands(n_bins, bins_per_octave, offset=offset)
        options["n_bins"] = max(1, bands.count_under(sample_rate / 2))
    elif name == "spectral_contrast":
        options["n_bands"] = min(6, max(1, math.ceil(math.log2(sample_rate / 2 / CONTRAST_HZ))))
    elif name == "stack":
        options["members"] = [{"name": member, **default_options(member, sample_rate)} for member in STACK_MEMBERS]
    elif name == "delta":
        options["member"] = {"name": DELTA_MEMBER}
    elif name == "model_input":
        options |= {"member": {"name": INPUT_MEMBER}, "mean": -40.0, "std": 40.0}
    return options
