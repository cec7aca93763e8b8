"""A front-end's options in librosa's words, which nnAudio and torchlibrosa share."""

from typing import Any

import numpy as np
import scipy.signal

from esc_gpu.frontends.base import Frontend

CHROMA_NORMS = {"max": np.inf, "l1": 1, "l2": 2, None: None}


def window_values(window: Any, length: int) -> np.ndarray:
    """`(length,)` samples of a front-end's window."""
    if not isinstance(window, str) and not isinstance(window[0], str):
        return np.array(window)
    name, *parameters = [window] if isinstance(window, str) else window
    is_symmetric = name.endswith("_symmetric") or name == "povey"
    name = name.removesuffix("_symmetric").removesuffix("_periodic")
    if name == "povey":
        return scipy.signal.get_window("hann", length, fftbins=not is_symmetric) ** 0.85
    return scipy.signal.get_window((name, *parameters) if parameters else name, length, fftbins=not is_symmetric)


def stft_options(frontend: Frontend) -> dict[str, object]:
    """Those of the STFT."""
    options = {name: getattr(frontend, name) for name in ("n_fft", "hop_length", "win_length", "center")}
    return options | {"pad_mode": numpy_mode(frontend), "window": librosa_window(frontend)}


def numpy_mode(frontend: Frontend) -> str:
    """What stands before and behind a clip, as `numpy.pad` has it."""
    return {"replicate": "edge", "circular": "wrap"}.get(frontend.pad_mode, frontend.pad_mode)


def librosa_window(frontend: Frontend) -> object:
    """By its name if that is scipy's."""
    is_name = isinstance(frontend.window, str) and frontend.window.isalpha() and frontend.window != "povey"
    return frontend.window if is_name else window_values(frontend.window, frontend.win_length)


def mel_options(frontend: Frontend) -> dict[str, object]:
    """Those of the mel spectrogram, its STFT's included."""
    return stft_options(frontend) | {
        "sr": frontend.sample_rate,
        "n_mels": frontend.n_mels,
        "fmin": frontend.fmin,
        "fmax": frontend.fmax,
        "htk": frontend.mel_scale == "htk",
        "norm": frontend.norm,
    }


def cqt_options(frontend: Frontend) -> dict[str, object]:
    """Those of the CQT."""
    names = "hop_length", "fmin", "n_bins", "bins_per_octave", "filter_scale", "window", "pad_mode"
    return {name: getattr(frontend, name) for name in names} | {"sr": frontend.sample_rate}


def pcen_options(frontend: Frontend) -> dict[str, object]:
    """Those of PCEN, without its mel spectrogram's."""
    names = "gain", "bias", "power", "time_constant", "eps"
    options = {name: frontend.options[name] for name in names}
    return options | {"sr": frontend.sample_rate, "hop_length": frontend.hop_length}
