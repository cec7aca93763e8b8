"""Features of single clips: read from a recording, computed, and saved as numbers."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from esc_gpu.core.files import replacing
from esc_gpu.core.waveform import to_float
from esc_gpu.data.clips.decode import decode_clip, recording_samples
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends import Frontend
from esc_gpu.frontends.images import compute_features
from esc_gpu.report.figures.features import Clip


def read_clip(path: Path, sample_rate: int, start_seconds: float, seconds: float) -> tuple[np.ndarray, int]:
    """A part of a recording, as far as there is one: `(T,)` as of `decode_clip`, and the whole recording's samples.

    Raises:
        EscGpuError: for a start behind the end, and what `decode_clip` refuses.
    """
    length = recording_samples(path, sample_rate)
    start = round(start_seconds * sample_rate)
    if start >= length:
        raise EscGpuError(
            f"{path}: is {length / sample_rate:.2f} s long; --start is {start_seconds:g}; choose an earlier one"
        )
    samples = min(max(1, round(seconds * sample_rate)), length - start)
    return decode_clip(path, start, sample_rate=sample_rate, samples=samples), length


def make_clip(
    path: Path, waveform: np.ndarray, sample_rate: int, frontends: Mapping[str, Frontend], start_seconds: float
) -> Clip:
    """A clip with its features; `waveform` is `(T,)` int16, or float with full scale at ±1.

    Raises:
        EscGpuError: for a clip that is too short for a front-end.
    """
    try:
        images = compute_features(torch.from_numpy(waveform), sample_rate, frontends)
    except EscGpuError as error:
        raise EscGpuError(f"{path}: {error}") from error
    shown = to_float(torch.from_numpy(waveform)[None], torch.float64)[0].numpy()
    return Clip(path.name, shown, sample_rate, images, start_seconds)


def save_arrays(path: Path, clip: Clip) -> None:
    """The numbers of each front-end with its axes, for `numpy.load`.

    Raises:
        EscGpuError: for a file that cannot be written.
    """
    arrays = {"waveform": clip.waveform.astype(np.float32), "sample_rate": np.array(clip.sample_rate)}
    for name, image in clip.features.items():
        arrays |= {name: image.values, f"{name}_times": image.times, f"{name}_frequencies": image.frequencies}
    try:
        with replacing(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **arrays)
    except OSError as error:
        raise EscGpuError(
            f"{path}: {error.strerror or error}; expected a file that can be written; choose another output"
        ) from error
