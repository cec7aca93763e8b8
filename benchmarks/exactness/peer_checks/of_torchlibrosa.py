"""torchlibrosa's layers."""

import functools

import numpy as np
import torch
from torchlibrosa import stft

from benchmarks.exactness.peer_checks.checks import Check, Function, parameters

STFT = {"n_fft": 512, "hop_length": 128}
BANK = "n_mels", "fmin", "fmax", "is_log", "ref", "amin", "top_db"


@functools.cache
def layer(**options: object) -> torch.nn.Module:
    """An STFT as a convolution, whose kernels take long to make."""
    return stft.Spectrogram(**options).double()


def spectrogram(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
    """`(F, N)`."""
    return layer(**options)(torch.from_numpy(clip)[None])[0, 0].numpy().T


def logmel(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
    """`(F, N)`; the options of both layers."""
    bank = {name: options.pop(name) for name in BANK if name in options}
    bands = stft.LogmelFilterBank(sr=rate, n_fft=options["n_fft"], **bank).double()
    return bands(layer(**options)(torch.from_numpy(clip)[None]))[0, 0].numpy().T


def checks() -> list[Check]:
    """Those of this module."""
    plumbing = "self", "sr", "freeze_parameters"
    spectrum = Function(
        "torchlibrosa.Spectrogram",
        spectrogram,
        "spectrogram",
        (STFT, STFT | {"scale": "power"}),
        parameters(stft.Spectrogram.__init__),
        plumbing,
    )
    base = STFT | {"n_mels": 40}
    mel = Function(
        "torchlibrosa.LogmelFilterBank",
        logmel,
        "logmel",
        (base, base),
        parameters(stft.LogmelFilterBank.__init__),
        plumbing,
    )
    framed = []
    for function in (spectrum, mel):
        framed += [function.same(), function.same(n_fft=400), function.same(n_fft=1024, hop_length=300)]
        framed += [function.same(win_length=300), function.same(center=False)]
        framed += function.each("window", "hamming", "blackmanharris", ("kaiser", 8.6))
        framed += function.each("pad_mode", "reflect", "constant")
    return [
        *framed,
        spectrum.as_ours({"power": 1.0}, {"scale": "magnitude"}),
        *spectrum.each("power", 1.0, 3.0),
        *mel.each("n_mels", 1, 20, 64),
        mel.same(fmin=100.0, fmax=3500.0),
        mel.as_ours({"is_log": False}, {"scale": "power"}),
        *mel.each("power", 1.0, 3.0),
        *mel.each("ref", 0.3, 10.0),
        *mel.each("amin", 1e-3, 1.0),
        *mel.each("top_db", None, 20.0),
    ]
