"""librosa's constant-Q transforms and chroma."""

from collections.abc import Callable

import librosa
import numpy as np
import torch

from benchmarks.exactness.constant_q_references import wavelet_sums
from benchmarks.exactness.float64_constants import in_float64
from benchmarks.exactness.peer_checks.checks import Check, Function, no_such, parameters
from benchmarks.exactness.peer_checks.of_librosa import BASE, INPUTS, UNKNOWN_PAD, framing, given
from esc_gpu import create_frontend

CQT = {"hop_length": 128, "fmin": 200.0, "n_bins": 36}
TUNING = "the kernels are those of all clips: estimate the tuning first (functional.estimate_tuning), and give it"


def chroma_checks() -> list[Check]:
    chroma = Function(
        "librosa.feature.chroma_stft",
        lambda y, sr, **options: librosa.feature.chroma_stft(y=y, sr=sr, dtype=np.float64, **options),
        "chroma",
        ({**BASE[0], "tuning": 0.0}, BASE[1]),
        parameters(librosa.feature.chroma_stft, "ctroct", "octwidth", "base_c"),
        INPUTS,
    )
    return [
        chroma.same(),
        *framing(chroma),
        *[
            chroma.as_ours({"norm": norm}, {"norm": ours})
            for norm, ours in ((np.inf, "max"), (1, "l1"), (2, "l2"), (None, None))
        ],
        *[chroma.lacks("classes are divided by the maximum, sum or root of squares", norm=p) for p in (0.5, -np.inf)],
        *chroma.each("tuning", 0.3, -0.2),
        *chroma.each("n_chroma", 24, 7),
        *chroma.each("ctroct", 4.0, 6.5),
        *chroma.each("octwidth", 1.0, None),
        chroma.same(tuning=None),
        chroma.lacks("the first class is C", base_c=False),
        *given(chroma, S="a spectrum"),
    ]


def chroma_cqt_checks() -> list[Check]:
    def of_same_cqt(y: np.ndarray, sr: int, **options: object) -> np.ndarray:
        transform = {name: options[name] for name in ("hop_length", "fmin", "bins_per_octave")}
        n_bins = options.pop("n_octaves") * options["bins_per_octave"]
        own = in_float64(create_frontend("cqt", sample_rate=sr, scale="magnitude", n_bins=n_bins, **transform))
        return librosa.feature.chroma_cqt(C=own(torch.from_numpy(y)[None])[0, 0].numpy(), sr=sr, **options)

    octaves = {"hop_length": 128, "fmin": 200.0, "bins_per_octave": 36}
    chroma = Function(
        "librosa.feature.chroma_cqt",
        of_same_cqt,
        "chroma_cqt",
        ({**octaves, "n_octaves": 3, "threshold": 1e-12}, {**octaves, "n_bins": 108, "top_db": None}),
        parameters(librosa.feature.chroma_cqt),
        (*INPUTS, "C"),
        rates=(22050, 8000),
        note="librosa folds the magnitudes of our CQT; in digital silence these are roundings",
        without=("half silent",),
    )
    return [
        chroma.same(),
        *[
            chroma.as_ours({"norm": norm}, {"norm": ours})
            for norm, ours in ((np.inf, "max"), (1, "l1"), (2, "l2"), (None, None))
        ],
        chroma.same(n_chroma=36),
        chroma.same(fmin=261.63),
        chroma.as_ours({"bins_per_octave": 12}, {"bins_per_octave": 12, "n_bins": 36}),
        chroma.as_ours({"n_octaves": 2}, {"n_bins": 72}),
        chroma.same(hop_length=256),
        chroma.lacks("a class is the sum of its bins", window="hamming"),
        chroma.lacks(TUNING, tuning=None),
        chroma.lacks("frames that are nowhere above 1e-12 are silence, and are not normalised", threshold=0.0),
        chroma.lacks("silence is told by the clip's own maximum (top_db), not by an absolute level", threshold=0.1),
        chroma.lacks("the kernels of all bins are used", cqt_mode="hybrid"),
    ]


def by_wavelets(y: np.ndarray, sr: int, pad_mode: str = "constant", **options: object) -> np.ndarray:
    """The direct sums over librosa's own kernels."""
    given = {"hop_length": 128, "fmin": 200.0, "n_bins": 36, "bins_per_octave": 12, **options}
    hop, n_bins, per_octave = (given.pop(name) for name in ("hop_length", "n_bins", "bins_per_octave"))
    freqs = librosa.cqt_frequencies(n_bins=n_bins, fmin=given.pop("fmin"), bins_per_octave=per_octave, tuning=0.0)
    freqs = freqs * 2 ** (given.pop("tuning", 0.0) / per_octave)
    return np.sqrt(wavelet_sums(y, hop, freqs, pad_mode, sr=sr, **given))


def transform_checks() -> list[Check]:
    def by_its_kernels(function: Callable[..., np.ndarray]) -> Function:
        gamma = {"gamma": None} if function is librosa.vqt else {}
        return Function(
            f"librosa.{function.__name__}",
            by_wavelets,
            function.__name__,
            (gamma, {**CQT, "scale": "magnitude", "pad_mode": "constant", "kernels": "librosa"}),
            parameters(function),
            INPUTS,
            rates=(22050, 8000),
            note="the direct sums over the kernels of librosa.filters.wavelet, which librosa approximates",
        )

    checks = []
    for name in ("cqt", "vqt"):
        function = by_its_kernels(getattr(librosa, name))
        sums = "a kernel's magnitudes sum to the root of its length"
        checks += [
            function.same(),
            function.same(hop_length=256),
            function.same(fmin=261.63, n_bins=24),
            function.same(bins_per_octave=24, n_bins=48),
            function.same(tuning=0.3),
            *function.each("filter_scale", 0.8, 1.7),
            *function.each("window", "hamming", "blackmanharris", ("kaiser", 8.6)),
            *function.each("pad_mode", "constant", "reflect", "edge", "wrap"),
            function.lacks(UNKNOWN_PAD, pad_mode="symmetric"),
            function.lacks(TUNING, tuning=None),
            function.lacks(sums, norm=2),
            function.lacks(sums, scale=False),
            function.lacks("all weights of the kernels are used: librosa's are off by some percent", sparsity=0.01),
            function.lacks("clips are not downsampled octave by octave, which is off by some percent", res_type="all"),
        ]
        if name == "vqt":
            checks += function.each("gamma", 0.0, 5.0, 20.0)
            checks.append(function.lacks("bins are evenly spaced in octaves", intervals="pythagorean"))
    return checks


def checks() -> list[Check]:
    """Those of this module."""
    return [
        *chroma_checks(),
        *chroma_cqt_checks(),
        *transform_checks(),
        *no_such(
            "there is no such front-end",
            "librosa.feature.chroma_cens",
            "librosa.feature.chroma_vqt",
            "librosa.pseudo_cqt",
            "librosa.hybrid_cqt",
        ),
    ]
