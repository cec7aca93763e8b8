"""Windows of frames and kernels."""

import numpy as np

COSINES = {"hann": 0.5, "hamming": 0.54}  # the share of the constant term


def get_window(name: str, length: int) -> np.ndarray:
    """`scipy.signal.get_window(name, length)`, `(length,)` float64, periodic; the same to the bit.

    The windows of nearly all features are computed here, for `scipy.signal` takes half as long to load as torch.

    Raises:
        ValueError: for a name that scipy does not know.
    """
    if name in COSINES and length > 1:
        angles = np.linspace(-np.pi, np.pi, length + 1)[:-1]
        window: np.ndarray = COSINES[name] + (1 - COSINES[name]) * np.cos(angles)
        return window
    import scipy.signal

    return scipy.signal.get_window(name, length, fftbins=True)


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
