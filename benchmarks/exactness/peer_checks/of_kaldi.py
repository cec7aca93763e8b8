"""Kaldi's features by its own code, kaldi-native-fbank, which computes in float32."""

import kaldi_native_fbank
import numpy as np

from benchmarks.exactness.peer_checks.checks import Check, Function, no_such
from benchmarks.peers.with_kaldi import features
from esc_gpu.frontends.windows import KALDI_WINDOWS as WINDOWS

FRAMES, MEL = "frame_opts", "mel_opts"
# Names of the parts and of the sample rate, and what is printed or copied.
PLUMBING = "frame_opts", "mel_opts", "samp_freq", "as_dict", "from_dict", "debug_mel"
ROUNDED = "it computes in float32, its mel bands included, which a tone's quiet bands show"
EDGES = "the bands begin and end at fmin and fmax, and are not warped"


def options_of(kind: type) -> tuple[str, ...]:
    """All that can be set."""
    parts = (kind(), kind().frame_opts, kind().mel_opts)
    return tuple(name for part in parts for name in dir(part) if not name.startswith("_"))


def warped(function: Function, *names: str) -> list[Check]:
    """Of vocal tracts of another length."""
    return [function.lacks(EDGES, **{name: value}) for name, value in zip(names, (1.2, 50.0, -300.0), strict=False)]


def of_kind(kind: str, options: type) -> Function:
    def rows(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
        return features(kind, 32768 * clip, rate, options)

    ours = {"use_energy": kind == "mfcc"}
    name = f"kaldi_native_fbank.{options.__name__.removesuffix('Options')}"
    return Function(
        name, rows, f"kaldi_{kind}", ({}, ours), options_of(options), PLUMBING, tolerance=1e-4, note=ROUNDED
    )


def both(function: Function) -> list[Check]:
    """The options of filter banks and cepstra."""
    return [
        function.same(),
        *[function.as_ours({"window_type": window}, {"window": window}) for window in WINDOWS],
        function.same(snip_edges=False),
        *[function.as_ours({"preemph_coeff": c}, {"preemphasis": c}) for c in (0.0, 0.5, 1.0)],
        function.as_ours({"remove_dc_offset": False}, {"remove_dc": False}),
        *[function.as_ours({"num_bins": n}, {"n_mels": n}) for n in (40, 64)],
        function.as_ours({"low_freq": 100.0, "high_freq": 3500.0}, {"fmin": 100.0, "fmax": 3500.0}),
        function.as_ours({"high_freq": -400.0}, lambda rate: {"fmax": rate / 2 - 400.0}),
        function.as_ours({"frame_length_ms": 20.0}, lambda rate: {"win_length": int(0.02 * rate)}),
        function.as_ours({"frame_shift_ms": 5.0}, lambda rate: {"hop_length": int(0.005 * rate)}),
        function.as_ours(
            {"round_to_power_of_two": False, "frame_length_ms": 40.0},
            lambda rate: {"n_fft": int(0.04 * rate), "win_length": int(0.04 * rate)},
        ),
        *[function.same(use_energy=is_used) for is_used in (True, False)],
        function.same(use_energy=True, raw_energy=False),
        function.same(use_energy=True, energy_floor=1e10),
        function.same(use_energy=True, htk_compat=True),
        function.same(use_energy=False, htk_compat=True),
        function.lacks("no noise is added", dither=1.0),
        function.lacks("a Blackman window is that of 0.42", blackman_coeff=0.4),
        *warped(function, "vtln_warp", "vtln_low", "vtln_high"),
        function.lacks("the triangles are Kaldi's; librosa's are those of logmel", is_librosa=True),
        function.lacks("the triangles are Kaldi's; librosa's are those of logmel", norm="slaney"),
        function.lacks("the triangles are Kaldi's; librosa's are those of logmel", use_slaney_mel_scale=False),
        function.lacks("the triangles are Kaldi's; librosa's are those of logmel", floor_to_int_bin=True),
        function.lacks("HTK's lowest bands are Kaldi's", htk_mode=True),
    ]


def checks() -> list[Check]:
    """Those of this module."""
    fbank = of_kind("fbank", kaldi_native_fbank.FbankOptions)
    mfcc = of_kind("mfcc", kaldi_native_fbank.MfccOptions)
    return [
        *both(fbank),
        fbank.as_ours({"use_log_fbank": False}, {"log": None}),
        fbank.as_ours({"use_power": False}, {"mel_power": 1.0}),
        fbank.as_ours({"eps": 1e3}, {"log_floor": 1e3}),
        fbank.lacks("the logarithm of silence is finite", use_log_floor=False),
        *both(mfcc),
        *[mfcc.as_ours({"cepstral_lifter": lifter}, {"lifter": lifter}) for lifter in (0.0, 10.0)],
        *[mfcc.as_ours({"num_ceps": n}, {"n_mfcc": n}) for n in (5, 23)],
        *no_such(
            "there is no such front-end",
            "kaldi_native_fbank.OnlinePitch",
            "kaldi_native_fbank.apply_cmvn",
            "kaldi_native_fbank.splice_frames",
        ),
    ]
