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
