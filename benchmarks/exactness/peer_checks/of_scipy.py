"""scipy's windows, spectra, cosine transforms and derivatives."""

import numpy as np
import scipy.fft
import scipy.signal
import torch

from benchmarks.exactness.peer_checks.checks import Check, Function, parameters
from esc_gpu import create_frontend

STFT = {"n_fft": 512, "hop_length": 128}
OURS = STFT | {"center": False, "scale": "power"}
MEL = {**STFT, "n_mels": 40}
PLAIN = [
    *("barthann", "bartlett", "blackman", "blackmanharris", "bohman", "boxcar", "cosine", "exponential", "flattop"),
    *("hamming", "hann", "lanczos", "nuttall", "parzen", "taylor", "triang", "tukey"),
]
WITH_NUMBERS = [
    ("chebwin", 100.0),
    ("dpss", 3.0),
    ("exponential", None, 80.0),
    ("gaussian", 60.0),
    ("general_cosine", [0.4, 0.5, 0.1]),
    ("general_gaussian", 1.5, 80.0),
    ("general_hamming", 0.6),
    ("kaiser", 8.6),
    ("taylor", 6, 40.0),
    ("tukey", 0.3),
]


def window_checks() -> list[Check]:
    def power(clip: np.ndarray, rate: int, window: object, fftbins: bool = True) -> np.ndarray:
        values = scipy.signal.get_window(window, STFT["n_fft"], fftbins=fftbins)
        frames = np.lib.stride_tricks.sliding_window_view(clip, STFT["n_fft"])[:: STFT["hop_length"]]
        return (np.abs(np.fft.rfft(frames * values)) ** 2).T

    window = Function("scipy.signal.get_window", power, "spectrogram", ({}, OURS), ("window", "fftbins"))
    checks = []
    for name, *numbers in [(name,) for name in PLAIN] + WITH_NUMBERS:
        theirs = (name, *numbers) if numbers else name
        checks.append(window.as_ours({"window": theirs}, {"window": theirs}))
        symmetric = f"{name}_symmetric"
        ours = [symmetric, *numbers] if numbers else symmetric
        checks.append(window.as_ours({"window": theirs, "fftbins": False}, {"window": ours}))
    derived = {"window": ("kaiser_bessel_derived", 8.6), "fftbins": False}
    return [*checks, window.as_ours(derived, {"window": ["kaiser_bessel_derived_symmetric", 8.6]})]


def spectrum_checks() -> list[Check]:
    def spectrogram(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
        return scipy.signal.spectrogram(clip, rate, **options)[2]

    frames = {"window": "hann", "nperseg": 512, "noverlap": 384, "detrend": False}
    spectrum = Function(
        "scipy.signal.spectrogram",
        spectrogram,
        "spectrogram",
        (frames | {"scaling": "spectrum", "mode": "magnitude"}, OURS | {"scale": "magnitude"}),
        parameters(scipy.signal.spectrogram),
        ("x", "fs", "axis"),
    )
    values = scipy.signal.get_window("hann", 512)

    def divided(by: float) -> dict[str, object]:
        return {"window": values / by}

    def of_density(rate: int) -> dict[str, object]:
        return divided(np.sqrt(rate * (values**2).sum())) | {"scale": "magnitude"}

    return [
        spectrum.as_ours({}, divided(values.sum())),
        spectrum.as_ours({"noverlap": 212}, divided(values.sum()) | {"hop_length": 300}),
        spectrum.as_ours({"scaling": "density"}, of_density),
        spectrum.lacks("zeros fill a frame on both sides of its window", nfft=1024),
        spectrum.lacks("the one-sided density counts each bin twice but the first and the last", mode="psd"),
        spectrum.lacks("the features have no phase", mode="complex"),
        spectrum.lacks("a frame's mean is taken off in kaldi_fbank and kaldi_mfcc alone", detrend="constant"),
        spectrum.lacks("a frame's slope is not taken off", detrend="linear"),
        spectrum.lacks("the upper half of the bins mirrors the lower", return_onesided=False),
    ]


def logmel(clip: np.ndarray, rate: int) -> np.ndarray:
    """Our own, of which other features are made here."""
    frontend = create_frontend("logmel", sample_rate=rate, **MEL).double()
    return frontend(torch.from_numpy(clip)[None])[0, 0].numpy()


def transform_checks() -> list[Check]:
    cosine = Function(
        "scipy.fft.dct",
        lambda clip, rate, n=20, **options: scipy.fft.dct(logmel(clip, rate), axis=0, **options)[:n],
        "mfcc",
        ({}, MEL | {"n_mfcc": 20}),
        parameters(scipy.fft.dct),
        ("x", "n", "axis", "overwrite_x", "workers"),
        note="of our log-mel bands",
    )
    savitzky = Function(
        "scipy.signal.savgol_filter",
        lambda clip, rate, **options: scipy.signal.savgol_filter(logmel(clip, rate), **options),
        "delta",
        ({"window_length": 9, "polyorder": 1, "deriv": 1}, {"member": {"name": "logmel", **MEL}, "order": 1}),
        parameters(scipy.signal.savgol_filter),
        ("x",),
        note="of our log-mel bands",
    )
    first_two = "derivatives are the first and the second, of a polynomial of their degree"
    return [
        *[
            cosine.as_ours({"type": kind, "norm": norm}, {"dct_type": kind, "dct_norm": norm})
            for kind in (1, 2, 3)
            for norm in ("ortho", None)
        ],
        cosine.lacks("a DCT is of type 1, 2 or 3", type=4),
        cosine.lacks("a DCT is orthonormal, or scipy's plain sums", norm="forward"),
        cosine.lacks("an orthonormal DCT is orthogonal", orthogonalize=False),
        savitzky.same(),
        *[savitzky.as_ours({"window_length": width}, {"width": width}) for width in (3, 5, 7)],
        savitzky.as_ours({"deriv": 2, "polyorder": 2}, {"order": 2}),
        *savitzky.each("mode", "interp", "nearest", "mirror", "constant", "wrap"),
        savitzky.lacks(first_two, deriv=0),
        savitzky.lacks(first_two, polyorder=3),
        savitzky.lacks("derivatives are per frame", delta=0.01),
        savitzky.lacks("derivatives are along time", axis=0),
        savitzky.lacks("beyond the ends of mode='constant' stand zeros", cval=1.0),
    ]


def checks() -> list[Check]:
    """Those of this module."""
    return [*window_checks(), *spectrum_checks(), *transform_checks()]
