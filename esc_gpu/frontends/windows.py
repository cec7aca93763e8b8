"""Windows of frames and kernels."""

import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from esc_gpu.errors import EscGpuError

# A name that scipy.signal.get_window knows, periodic unless it ends in "_symmetric"; "povey", which is symmetric unless
# it ends in "_periodic"; a list of a name and its parameters, as ["kaiser", 8.6]; or a list of numbers, one a sample.
Window = str | Sequence[Any]
KINDS = "symmetric", "periodic"
EXPECTED = (
    "window must be a name that scipy.signal.get_window knows, a list of a name and its parameters such as "
    "['kaiser', 8.6], or a list of numbers"
)
COSINES = {"hann": 0.5, "hamming": 0.54}  # the share of the constant term


def get_window(window: Window, length: int) -> np.ndarray:
    """`(length,)` float64: `scipy.signal.get_window(window, length)`, the same to the bit; see `Window` for more.

    The windows of nearly all features are computed here, for `scipy.signal` takes half as long to load as torch.

    Raises:
        ValueError: for a window that scipy does not know, and for numbers of another length.
        TypeError: for parameters that are no numbers, or too many.
    """
    if isinstance(window, str) and window in COSINES and length > 1:
        angles = np.linspace(-np.pi, np.pi, length + 1)[:-1]
        values: np.ndarray = COSINES[window] + (1 - COSINES[window]) * np.cos(angles)
        return values
    if is_numbers(window):
        numbers = np.asarray(window, dtype=np.float64)
        if numbers.shape != (length,):
            raise ValueError(f"{len(window)} numbers for {length} samples")
        return numbers
    parts = [window] if isinstance(window, str) else list(window)
    name, parameters = parts[0], parts[1:]
    plain, _, kind = name.rpartition("_")
    if kind not in KINDS:
        plain, kind = name, "symmetric" if name == "povey" else "periodic"
    if plain == "povey" and not parameters:
        return kaldi_window("povey", length, kind == "periodic") if length > 1 else np.ones(1)
    import scipy.signal

    return scipy.signal.get_window((plain, *parameters) if parameters else plain, length, fftbins=kind == "periodic")


def is_numbers(window: Any) -> bool:
    """Whether a window is written as its samples, and not by its name."""
    return hasattr(window, "tolist") or (
        isinstance(window, Sequence) and len(window) > 0 and not isinstance(window[0], str)
    )


def check_window(window: Any, length: int) -> Window:
    """A window of so many samples as plain types: a name or a list.

    Raises:
        EscGpuError: for one that there is not.
    """
    listed = window.tolist() if hasattr(window, "tolist") else window  # of numpy or torch
    if isinstance(listed, str) or (isinstance(listed, Sequence) and len(listed) > 0):
        try:
            values = get_window(listed, length)
        except (ValueError, TypeError) as error:
            raise EscGpuError(f"{EXPECTED} for {length} samples, got {reprlib.repr(window)}: {error}") from error
        if not np.isfinite(values).all() or not values.any():
            raise EscGpuError(f"{EXPECTED}, got {reprlib.repr(window)}, which is 0 everywhere or has no finite values")
        return listed if isinstance(listed, str) else list(listed)
    raise EscGpuError(f"{EXPECTED}, got {reprlib.repr(window)}")


KALDI_WINDOWS = ("povey", "hanning", "hamming", "blackman", "sine", "rectangular")


def kaldi_window(name: str, length: int, periodic: bool = False) -> np.ndarray:
    """One of `KALDI_WINDOWS`, `(length,)` float64 with `length` of 2 or more, symmetric as there, or periodic.

    Source: Kaldi, `FeatureWindowFunction` in feat/feature-window.cc.
    """
    turns = np.arange(length) / (length if periodic else length - 1)
    hanning = 0.5 - 0.5 * np.cos(2 * np.pi * turns)
    windows: dict[str, np.ndarray] = {
        "povey": hanning**0.85,
        "hanning": hanning,
        "hamming": 0.54 - 0.46 * np.cos(2 * np.pi * turns),
        "blackman": 0.42 - 0.5 * np.cos(2 * np.pi * turns) + 0.08 * np.cos(4 * np.pi * turns),
        "sine": np.sin(np.pi * turns),
        "rectangular": np.ones(length),
    }
    return windows[name]
