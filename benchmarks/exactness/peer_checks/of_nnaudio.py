"""nnAudio's layers, whose constants are float32."""

import functools

import numpy as np
import torch
from nnAudio import features

from benchmarks.exactness.peer_checks.checks import Check, Function, no_such, parameters

STFT = {"n_fft": 512, "hop_length": 128}
CQT = {"hop_length": 128, "fmin": 200.0, "n_bins": 36}
PLUMBING = "sr", "verbose", "iSTFT"
LEARNS = "ours learn with backend='nnaudio', whose layers they are"


@functools.lru_cache(maxsize=8)
def made(kind: type, **options: object) -> torch.nn.Module:
    """A layer, whose kernels take long to make."""
    return kind(**options).double()


def layer(name: str, frontend: str, *options: dict, more: tuple[str, ...] = (), **fixed: object) -> Function:
    """A layer on one clip `(1, T)`."""
    kind = getattr(features, name)

    def rows(clip: np.ndarray, rate: int, **arguments: object) -> np.ndarray:
        with torch.no_grad():
            return made(kind, sr=rate, verbose=False, **fixed, **arguments)(torch.from_numpy(clip)[None])[0].numpy()

    known = (*parameters(kind.__init__), *more)
    return Function(f"nnAudio.{name}", rows, frontend, options, known, (*PLUMBING, *fixed, "self"))


def framing(function: Function) -> list[Check]:
    """The options of the STFT."""
    return [
        function.same(),
        function.same(n_fft=400),
        function.same(n_fft=1024, hop_length=300),
        function.same(win_length=300),
        *function.each("window", "hamming", "blackmanharris", ("kaiser", 8.6), ("tukey", 0.3)),
        function.same(center=False),
        *function.each("pad_mode", "reflect", "constant"),
    ]


def spectrogram_checks() -> list[Check]:
    stft = layer("STFT", "spectrogram", STFT | {"output_format": "Magnitude"}, STFT | {"scale": "magnitude"})
    return [
        *framing(stft),
        *[stft.lacks("the features have no phase", output_format=kind) for kind in ("Complex", "Phase")],
        *[stft.lacks("the bins of an STFT are evenly spaced", freq_scale=s) for s in ("linear", "log", "log2")],
        stft.lacks("an STFT has all its bins", freq_bins=100, fmin=100.0, fmax=3000.0),
        stft.lacks(LEARNS, trainable=True),
    ]


def mel_checks() -> list[Check]:
    base = STFT | {"n_mels": 40}
    mel = layer("MelSpectrogram", "melspectrogram", base, base)
    mfcc = layer("MFCC", "mfcc", base, base | {"n_mfcc": 20}, more=("n_mels", "n_fft", "center", "pad_mode"))
    other_norm = "bands have equal areas, or equal peaks"
    return [
        *framing(mel),
        *mel.each("n_mels", 1, 20, 64),
        mel.same(fmin=100.0, fmax=3500.0),
        *mel.each("power", 1.0, 3.0),
        mel.as_ours({"norm": None}, {"norm": None}),
        mel.as_ours({"norm": 1}, {"norm": "slaney"}),
        mel.as_ours({"htk": True}, {"mel_scale": "htk"}),
        mel.lacks(LEARNS, trainable_mel=True),
        mel.lacks(LEARNS, trainable_STFT=True),
        *framing(mfcc),
        *mfcc.each("n_mfcc", 1, 13, 40),
        *mfcc.each("top_db", None, 20.0),
        *mfcc.each("ref", 0.3, 10.0),
        *mfcc.each("amin", 1e-3, 1.0),
        mfcc.as_ours({"norm": None}, {}),  # which it takes, and leaves alone
        mfcc.as_ours({"htk": True}, {"mel_scale": "htk"}),
        mel.lacks(other_norm, norm=2),
    ]


def constant_q_checks() -> list[Check]:
    cqt = layer("CQT1992v2", "cqt", CQT, CQT | {"scale": "magnitude"})
    return [
        cqt.same(),
        cqt.same(hop_length=300),
        *cqt.each("fmin", 261.63, 400.0),
        cqt.same(bins_per_octave=24),
        *cqt.each("n_bins", 12, 40),
        *cqt.each("filter_scale", 0.5, 2.0),
        *cqt.each("window", "hamming", "blackman"),
        cqt.lacks("a parameter of a window is the same for all bins", window=("gaussian", 40.0)),
        *cqt.each("pad_mode", "reflect", "constant"),
        cqt.as_ours({"fmax": 1600.0, "n_bins": None}, {"n_bins": 36}),
        *[cqt.lacks("the features have no phase", output_format=kind) for kind in ("Complex", "Phase")],
        *[cqt.lacks("a kernel's magnitudes sum to the root of its length", norm=norm) for norm in (2, np.inf)],
        cqt.lacks("a constant-Q transform is centred", center=False),
        cqt.lacks(LEARNS, trainable=True),
    ]


def checks() -> list[Check]:
    """Those of this module."""
    return [
        *spectrogram_checks(),
        *mel_checks(),
        *constant_q_checks(),
        *no_such("the clips are downsampled octave by octave", "nnAudio.CQT2010v2", "nnAudio.VQT"),
        *no_such("the filters are others, without a source", "nnAudio.Gammatonegram"),
        *no_such("there is no such front-end", "nnAudio.Combined_Frequency_Periodicity"),
    ]
