"""librosa's features of an STFT: spectra, bands, cepstra and decibels."""

import librosa
import numpy as np

from benchmarks.exactness.peer_checks.checks import WAVEFORMS, Check, Function, no_such, parameters

Array = np.ndarray
STFT = {"n_fft": 512, "hop_length": 128}
BASE = ({**STFT}, {**STFT, "pad_mode": "constant"})  # librosa's zeros at the ends
INPUTS = "y", "sr", "dtype", "out", "axis"
SAMPLES = np.hanning(512) ** 0.7 + 0.01
UNKNOWN_PAD = "what stands beyond a clip is made of it, or is zeros; this is neither of what pad_mode has"


def framing(function: Function, windows: bool = True) -> list[Check]:
    """Checks of the options that all of librosa's functions of an STFT have."""
    checks = [function.same(n_fft=400), function.same(n_fft=1024, hop_length=300), function.same(win_length=301)]
    checks += function.each("pad_mode", "constant", "reflect", "edge")
    checks += [function.lacks(UNKNOWN_PAD, pad_mode=mode) for mode in ("symmetric", "linear_ramp")]
    checks += [function.same(center=False), function.same(center=False, n_fft=400, win_length=256)]
    if windows:
        checks += [
            *function.each("window", "hamming", "blackmanharris", ("kaiser", 8.6), ("tukey", 0.3)),
            function.as_ours({"window": SAMPLES}, {"window": SAMPLES}),
            function.as_ours({"window": 5.0}, {"window": ["kaiser", 5.0]}),
            function.as_ours({"window": np.hanning}, {"window": "hann_symmetric"}),
        ]
    return checks


def given(function: Function, **options: object) -> list[Check]:
    """What is computed already, which librosa takes in place of a waveform."""
    return [function.lacks(WAVEFORMS, **{name: value}) for name, value in options.items()]


def stft_checks() -> list[Check]:
    stft = Function(
        "librosa.stft",
        lambda y, sr, **options: np.abs(librosa.stft(y, **options)),
        "spectrogram",
        (BASE[0], BASE[1] | {"scale": "magnitude"}),
        parameters(librosa.stft),
        INPUTS,
    )
    odd = stft.same(n_fft=401, win_length=300, pad_mode="reflect")
    return [stft.same(), odd, *framing(stft), stft.lacks("the features have no phase", values="complex")]


def decibel_checks() -> list[Check]:
    power = Function(
        "librosa.power_to_db",
        lambda y, sr, **options: librosa.power_to_db(np.abs(librosa.stft(y, **STFT)) ** 2, **options),
        "spectrogram",
        ({}, BASE[1]),
        parameters(librosa.power_to_db),
        (*INPUTS, "S"),
    )
    of_magnitude = Function(
        "librosa.amplitude_to_db",
        lambda y, sr, **options: librosa.amplitude_to_db(np.abs(librosa.stft(y, **STFT)), **options),
        "spectrogram",
        ({}, BASE[1]),
        parameters(librosa.amplitude_to_db),
        (*INPUTS, "S"),
    )
    other_ref = "ref is a number or the clip's maximum"
    return [
        power.same(),
        *power.each("top_db", None, 20.0),
        *power.each("amin", 1e-5, 1.0),
        *power.each("ref", 0.3, 1e-12),
        power.as_ours({"ref": np.max}, {"ref": "max"}),
        power.as_ours({"ref": np.max, "amin": 1e-3, "top_db": None}, {"ref": "max", "amin": 1e-3, "top_db": None}),
        power.lacks(other_ref, ref=np.median),
        of_magnitude.same(),
        *of_magnitude.each("top_db", None, 20.0),
        of_magnitude.as_ours({"amin": 1e-3}, {"amin": 1e-6}),
        of_magnitude.as_ours({"ref": 0.5}, {"ref": 0.25}),
        of_magnitude.as_ours({"ref": np.max}, {"ref": "max"}),
        of_magnitude.lacks(other_ref, ref=np.median),
    ]


def mel_checks() -> list[Check]:
    mel = Function(
        "librosa.feature.melspectrogram",
        lambda y, sr, **options: librosa.feature.melspectrogram(y=y, sr=sr, dtype=np.float64, **options),
        "melspectrogram",
        ({**BASE[0], "n_mels": 40}, {**BASE[1], "n_mels": 40}),
        parameters(librosa.feature.melspectrogram, "n_mels", "fmin", "fmax", "htk", "norm"),
        INPUTS,
    )
    return [
        mel.same(),
        *framing(mel),
        *mel.each("n_mels", 1, 20, 64),
        mel.same(fmin=100.0, fmax=3500.0),
        *mel.each("power", 1.0, 0.6, 3.0),
        mel.same(norm=None),
        mel.as_ours({"htk": True}, {"mel_scale": "htk"}),
        mel.as_ours({"htk": True, "norm": None}, {"mel_scale": "htk", "norm": None}),
        *[mel.lacks("bands have equal areas, or equal peaks", norm=norm) for norm in (1, 2, np.inf)],
        *given(mel, S="a spectrum"),
    ]


def mfcc_checks() -> list[Check]:
    mfcc = Function(
        "librosa.feature.mfcc",
        lambda y, sr, **options: librosa.feature.mfcc(y=y, sr=sr, dtype=np.float64, **options),
        "mfcc",
        ({**BASE[0], "n_mels": 40}, {**BASE[1], "n_mels": 40, "n_mfcc": 20}),
        parameters(librosa.feature.mfcc, "n_mels", "n_fft", "win_length", "window", "center", "pad_mode", "power"),
        INPUTS,
    )
    return [
        mfcc.same(),
        *framing(mfcc),
        *mfcc.each("n_mfcc", 1, 13, 40),
        *[
            mfcc.as_ours({"dct_type": kind, "norm": norm}, {"dct_type": kind, "dct_norm": norm})
            for kind in (1, 2, 3)
            for norm in ("ortho", None)
        ],
        *mfcc.each("lifter", 22.0, 7.5),
        mfcc.same(lifter=22, n_mfcc=40, dct_type=3),
        mfcc.same(power=1.0),
        mfcc.as_ours({"mel_norm": None}, {"norm": None}),
        mfcc.as_ours({"htk": True, "mel_norm": None}, {"mel_scale": "htk", "norm": None}),
        mfcc.lacks("bands have equal areas, or equal peaks", mel_norm=1),
        *given(mfcc, S="decibels"),
    ]


def emphasis_checks() -> list[Check]:
    def emphasised(y: Array, sr: int, **options: object) -> Array:
        return np.abs(librosa.stft(librosa.effects.preemphasis(y, **options), **STFT))

    emphasis = Function(
        "librosa.effects.preemphasis",
        emphasised,
        "spectrogram",
        ({"zi": [0.0]}, BASE[1] | {"scale": "magnitude"}),
        parameters(librosa.effects.preemphasis),
        (*INPUTS, "return_zf"),
    )
    return [
        *[emphasis.as_ours({"coef": coef}, {"preemphasis": coef}) for coef in (0.97, 0.5, 1.0)],
        emphasis.lacks("before the first sample stands 0", zi=None),
    ]


def checks() -> list[Check]:
    """Those of this module."""
    return [
        *stft_checks(),
        *decibel_checks(),
        *mel_checks(),
        *mfcc_checks(),
        *emphasis_checks(),
        *no_such(
            "there is no such front-end",
            "librosa.reassigned_spectrogram",
            "librosa.iirt",
            "librosa.fmt",
            "librosa.perceptual_weighting",
            "librosa.feature.poly_features",
            "librosa.feature.tonnetz",
            "librosa.feature.tempogram",
            "librosa.feature.fourier_tempogram",
            "librosa.feature.tempogram_ratio",
            "librosa.feature.stack_memory",
        ),
    ]
