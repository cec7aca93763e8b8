"""torchaudio's transforms."""

import numpy as np
import torch
import torchaudio.transforms as T

from benchmarks.exactness.peer_checks.checks import Check, Function, no_such, parameters

STFT = {"n_fft": 512, "hop_length": 128}
DEPRECATED = ("return_complex",)
WINDOWS = [
    ({"window_fn": torch.hamming_window}, {"window": "hamming"}),
    ({"window_fn": torch.blackman_window}, {"window": "blackman"}),
    ({"window_fn": torch.bartlett_window}, {"window": "bartlett"}),
    ({"window_fn": torch.ones}, {"window": "boxcar"}),
    ({"wkwargs": {"periodic": False}}, {"window": "hann_symmetric"}),
    ({"window_fn": torch.kaiser_window, "wkwargs": {"periodic": True, "beta": 8.6}}, {"window": ["kaiser", 8.6]}),
    (
        {"window_fn": torch.kaiser_window, "wkwargs": {"periodic": False, "beta": 5.0}},
        {"window": ["kaiser_symmetric", 5.0]},
    ),
    (
        {"window_fn": torch.hamming_window, "wkwargs": {"periodic": True, "alpha": 0.6, "beta": 0.4}},
        {"window": ["general_hamming", 0.6]},
    ),
]


def transform(kind: type, name: str, *options: dict, with_rate: bool = True, **more: object) -> Function:
    """A layer of torchaudio's on one clip `(1, T)`."""

    def features(clip: np.ndarray, rate: int, **arguments: object) -> np.ndarray:
        first = {"sample_rate": rate} if with_rate else {}
        return np.atleast_2d(kind(**first, **arguments)(torch.from_numpy(clip)[None])[0].numpy())

    return Function(f"torchaudio.transforms.{kind.__name__}", features, name, options, parameters(kind), **more)


def framing(function: Function) -> list[Check]:
    """The options of the STFT that transforms have."""
    checks = [function.same(n_fft=400), function.same(n_fft=1024, hop_length=300), function.same(win_length=301)]
    checks += [function.as_ours(theirs, ours) for theirs, ours in WINDOWS]
    if "center" in function.parameters:
        checks += [function.same(center=False), function.same(center=False, win_length=256)]
        checks += function.each("pad_mode", "reflect", "constant", "replicate", "circular")
    return [*checks, function.lacks("zeros around a clip are put there before it comes", pad=100)]


def hann(length: int = 512) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def normalised(function: Function) -> list[Check]:
    """Spectra over the window's norm or the frame's length are those of a window that is divided by it."""
    by_norm = {"window": hann() / np.sqrt((hann() ** 2).sum())}
    by_length = {"window": hann() / np.sqrt(512)}
    return [
        function.as_ours({"normalized": True}, by_norm),
        function.as_ours({"normalized": "window"}, by_norm),
        function.as_ours({"normalized": "frame_length"}, by_length),
    ]


def spectrogram_checks() -> list[Check]:
    spectrogram = transform(
        T.Spectrogram, "spectrogram", STFT, STFT | {"scale": "power"}, with_rate=False, plumbing=DEPRECATED
    )
    return [
        spectrogram.same(),
        *framing(spectrogram),
        *normalised(spectrogram),
        spectrogram.as_ours({"power": 1.0}, {"scale": "magnitude"}),
        *spectrogram.each("power", 1.0, 3.0, 0.6),
        spectrogram.lacks("the features have no phase", power=None),
        spectrogram.lacks("the upper half of the bins mirrors the lower", onesided=False),
    ]


def mel_checks() -> list[Check]:
    base = STFT | {"n_mels": 40}
    ours = base | {"mel_scale": "htk", "norm": None}
    mel = transform(T.MelSpectrogram, "melspectrogram", base, ours, plumbing=("sample_rate", "onesided"))
    return [
        mel.same(),
        *framing(mel),
        *normalised(mel),
        *mel.each("n_mels", 1, 20, 64),
        mel.as_ours({"f_min": 100.0, "f_max": 3500.0}, {"fmin": 100.0, "fmax": 3500.0}),
        *mel.each("power", 1.0, 0.6, 3.0),
        mel.same(norm="slaney"),
        mel.same(mel_scale="slaney"),
        mel.same(mel_scale="slaney", norm="slaney"),
    ]


def decibel_checks() -> list[Check]:
    def decibels(clip: np.ndarray, rate: int, stype: str = "power", **options: object) -> np.ndarray:
        values = T.Spectrogram(**STFT, power=2.0 if stype == "power" else 1.0)(torch.from_numpy(clip)[None])
        return T.AmplitudeToDB(stype, **options)(values)[0].numpy()

    level = Function(
        "torchaudio.transforms.AmplitudeToDB",
        decibels,
        "spectrogram",
        ({}, STFT | {"top_db": None}),
        parameters(T.AmplitudeToDB),
    )
    return [
        level.same(),
        *level.each("top_db", 80.0, 20.0),
        level.as_ours({"stype": "magnitude"}, {"amin": 1e-20}),
        level.as_ours({"stype": "magnitude", "top_db": 60.0}, {"amin": 1e-20, "top_db": 60.0}),
    ]


def cepstral_checks() -> list[Check]:
    mel = {"n_mels": 40, **STFT}
    mfcc = transform(
        T.MFCC,
        "mfcc",
        {"n_mfcc": 20, "melkwargs": mel},
        mel | {"n_mfcc": 20, "mel_scale": "htk", "norm": None},
        plumbing=("sample_rate",),
    )
    linear = {"n_filter": 40, "n_lfcc": 20, "speckwargs": STFT}
    lfcc = transform(
        T.LFCC, "lfcc", linear, STFT | {"n_filters": 40, "n_lfcc": 20}, plumbing=("sample_rate", "n_filter")
    )
    return [
        mfcc.same(),
        *mfcc.each("n_mfcc", 1, 13, 40),
        mfcc.as_ours({"norm": None}, {"dct_norm": None}),
        mfcc.same(dct_type=2),
        mfcc.as_ours({"log_mels": True}, {"log": "ln", "log_offset": 1e-6}),
        *[mfcc.as_ours({"melkwargs": mel | options}, options) for options in MEL_OPTIONS],
        lfcc.same(),
        *lfcc.each("n_lfcc", 1, 13, 40),
        lfcc.as_ours({"n_filter": 64}, {"n_filters": 64}),
        lfcc.as_ours({"f_min": 100.0, "f_max": 3500.0}, {"fmin": 100.0, "fmax": 3500.0}),
        lfcc.as_ours({"norm": None}, {"dct_norm": None}),
        lfcc.same(dct_type=2),
        lfcc.as_ours({"log_lf": True}, {"log": "ln", "log_offset": 1e-6}),
        *[lfcc.as_ours({"speckwargs": STFT | options}, options) for options in STFT_OPTIONS],
    ]


STFT_OPTIONS = [
    {"win_length": 301},
    {"center": False},
    {"pad_mode": "constant"},
    {"pad_mode": "replicate"},
    {"pad_mode": "circular"},
    {"power": 1.0},
]
MEL_OPTIONS = [*STFT_OPTIONS, {"mel_scale": "slaney"}, {"norm": "slaney"}, {"n_mels": 64}]


def other_checks() -> list[Check]:
    centroid = transform(T.SpectralCentroid, "spectral_centroid", STFT, STFT, plumbing=("sample_rate",))

    def deltas(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
        mel = T.MelSpectrogram(rate, n_mels=40, **STFT)(torch.from_numpy(clip)[None])
        return T.ComputeDeltas(**options)(T.AmplitudeToDB(top_db=80)(mel))[0].numpy()

    member = {"name": "logmel", **STFT, "n_mels": 40, "mel_scale": "htk", "norm": None}
    delta = Function(
        "torchaudio.transforms.ComputeDeltas",
        deltas,
        "delta",
        ({}, {"member": member, "order": 1, "width": 5, "mode": "nearest"}),
        parameters(T.ComputeDeltas),
    )

    def emphasised(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
        return T.Spectrogram(**STFT)(T.Preemphasis(**options)(torch.from_numpy(clip)[None]))[0].numpy()

    emphasis = Function(
        "torchaudio.transforms.Preemphasis",
        emphasised,
        "spectrogram",
        ({}, STFT | {"scale": "power", "preemphasis": 0.97}),
        parameters(T.Preemphasis),
    )
    modes = {"replicate": "nearest", "reflect": "mirror", "constant": "constant", "circular": "wrap"}
    return [
        centroid.same(),
        *framing(centroid),
        delta.same(),
        *[delta.as_ours({"win_length": width}, {"width": width}) for width in (3, 7, 9)],
        *[delta.as_ours({"mode": theirs}, {"mode": ours}) for theirs, ours in modes.items()],
        emphasis.same(),
        emphasis.as_ours({"coeff": 0.5}, {"preemphasis": 0.5}),
    ]


def checks() -> list[Check]:
    """Those of this module."""
    return [
        *spectrogram_checks(),
        *mel_checks(),
        *decibel_checks(),
        *cepstral_checks(),
        *other_checks(),
        *no_such(
            "there is no such front-end",
            "torchaudio.transforms.SlidingWindowCmn",
            "torchaudio.transforms.Loudness",
            "torchaudio.functional.detect_pitch_frequency",
        ),
    ]
