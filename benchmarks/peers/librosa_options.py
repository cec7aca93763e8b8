"""A front-end's options in librosa's words, which nnAudio and torchlibrosa share."""

import numpy as np

from esc_gpu.frontends.base import Frontend

CHROMA_NORMS = {"max": np.inf, "l1": 1, "l2": 2, None: None}


def stft_options(frontend: Frontend) -> dict[str, object]:
    """Those of the STFT."""
    names = "n_fft", "hop_length", "win_length", "window", "pad_mode"
    return {name: getattr(frontend, name) for name in names}


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
