"""torchaudio's port of Kaldi's features."""

import numpy as np
import torch
import torchaudio.compliance.kaldi as kaldi

from benchmarks.exactness.peer_checks.checks import Check, Function, no_such, parameters
from benchmarks.exactness.peer_checks.of_kaldi import WINDOWS, warped

PLUMBING = "waveform", "channel", "sample_frequency"


def of_clip(function: object) -> object:
    """The features `(F, N)` of samples as 16-bit integers have them."""

    def features(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
        waveform = torch.from_numpy(32768 * clip)[None]
        return function(waveform, sample_frequency=rate, **{"energy_floor": 0.0} | options).T.numpy()

    return features


def both(function: Function) -> list[Check]:
    """The options of `fbank` and `mfcc`."""
    own = function.frontend == "kaldi_mfcc"
    energy = {"use_energy": True}
    return [
        function.same(),
        *[function.as_ours({"window_type": window}, {"window": window}) for window in WINDOWS if window != "sine"],
        function.same(snip_edges=False),
        *[function.as_ours({"preemphasis_coefficient": c}, {"preemphasis": c}) for c in (0.0, 0.5, 1.0)],
        function.as_ours({"remove_dc_offset": False}, {"remove_dc": False}),
        *[function.as_ours({"num_mel_bins": n}, {"n_mels": n}) for n in (40, 64)],
        function.as_ours({"low_freq": 100.0, "high_freq": 3500.0}, {"fmin": 100.0, "fmax": 3500.0}),
        function.as_ours({"high_freq": -400.0}, lambda rate: {"fmax": rate / 2 - 400.0}),
        function.as_ours({"frame_length": 20.0}, lambda rate: {"win_length": int(0.02 * rate)}),
        function.as_ours({"frame_shift": 5.0}, lambda rate: {"hop_length": int(0.005 * rate)}),
        function.as_ours(
            {"round_to_power_of_two": False, "frame_length": 40.0},
            lambda rate: {"n_fft": int(0.04 * rate), "win_length": int(0.04 * rate)},
        ),
        function.same(**energy),
        function.same(**energy, raw_energy=False),
        function.same(**energy, energy_floor=1e10),
        function.same(**energy, htk_compat=True),
        *([function.same(htk_compat=True)] if own else []),
        *warped(function, "vtln_warp", "vtln_low", "vtln_high"),
        function.lacks("no noise is added", dither=1.0),
        function.lacks("the features of a clip are not centred over its frames", subtract_mean=True),
        function.lacks("a Blackman window is that of 0.42", blackman_coeff=0.4),
        function.lacks("a clip is refused if no frame fits", min_duration=1.0),
    ]


def checks() -> list[Check]:
    """Those of this module."""
    name = "torchaudio.compliance.kaldi"
    fbank = Function(
        f"{name}.fbank", of_clip(kaldi.fbank), "kaldi_fbank", parameters=parameters(kaldi.fbank), plumbing=PLUMBING
    )
    mfcc = Function(
        f"{name}.mfcc",
        of_clip(kaldi.mfcc),
        "kaldi_mfcc",
        ({}, {"use_energy": False}),
        parameters(kaldi.mfcc),
        PLUMBING,
    )
    return [
        *both(fbank),
        fbank.as_ours({"use_log_fbank": False}, {"log": None}),
        fbank.as_ours({"use_power": False}, {"mel_power": 1.0}),
        *both(mfcc),
        *[mfcc.as_ours({"cepstral_lifter": lifter}, {"lifter": lifter}) for lifter in (0.0, 10.0)],
        *[mfcc.as_ours({"num_ceps": n}, {"n_mfcc": n}) for n in (5, 23)],
        *no_such("there is no such front-end", f"{name}.spectrogram"),
    ]
