"""Descriptors of spectra, chroma and PCEN: the numbers of librosa, in float64 and in float32."""

import librosa
import numpy as np
import pytest

from esc_gpu.frontends.registry import create_frontend
from tests.helpers.float64 import in_float64
from tests.helpers.second_at_22050 import RATE, SAMPLES, SIGNALS, for_signals, signal
from tests.helpers.signals import features, relative_l2

STFT = {"n_fft": 2048, "hop_length": 512, "pad_mode": "reflect"}
OTHER_STFT = {"n_fft": 1000, "win_length": 801, "hop_length": 300, "window": "hamming", "pad_mode": "constant"}
ODD_STFT = {"n_fft": 1025, "hop_length": 256, "pad_mode": "reflect"}


def with_floor(clip):
    """A clip with noise 40 dB under full scale: float32's errors, 1e-7 of a frame's loudest bin, are small in all."""
    return clip + 1e-2 * np.random.default_rng(1).standard_normal(SAMPLES) if clip.any() else clip


def magnitude(clip, stft):
    return np.abs(librosa.stft(clip, **stft))


def mel(clip, stft, power, **options):
    return librosa.feature.melspectrogram(y=clip, sr=RATE, power=power, dtype=np.float64, **stft, **options)


def spectral(function, **options):
    """Of a spectrogram whose n_fft librosa is told: it would take an odd one for the even one below."""

    def expected(clip, stft):
        spectrum = magnitude(clip, stft)
        return getattr(librosa.feature, function)(S=spectrum, sr=RATE, n_fft=stft["n_fft"], **options)

    return expected


def flatness(**options):
    return lambda clip, stft: librosa.feature.spectral_flatness(S=magnitude(clip, stft), **options)


def chroma(norm=np.inf, tuning=0.0, **options):
    def expected(clip, stft):
        power = magnitude(clip, stft) ** 2
        # librosa's filter bank is float32 unless told otherwise.
        return librosa.feature.chroma_stft(
            S=power, sr=RATE, n_fft=stft["n_fft"], norm=norm, tuning=tuning, dtype=np.float64, **options
        )

    return expected


def pcen(mel_power=1, scale=2.0**31, n_mels=128, **options):
    def expected(clip, stft):
        energy = mel(clip, stft, mel_power, n_mels=n_mels) * scale
        return librosa.pcen(energy, sr=RATE, hop_length=stft["hop_length"], **options)

    return expected


# name, options, librosa's features of (clip, options of the STFT)
SPECTRAL = [
    ("spectral_centroid", {}, spectral("spectral_centroid")),
    ("spectral_bandwidth", {}, spectral("spectral_bandwidth")),
    ("spectral_bandwidth", {"p": 1}, spectral("spectral_bandwidth", p=1)),
    ("spectral_bandwidth", {"p": 3.5}, spectral("spectral_bandwidth", p=3.5)),
    ("spectral_bandwidth", {"p": 0.5}, spectral("spectral_bandwidth", p=0.5)),
    ("spectral_flatness", {}, flatness()),
    ("spectral_flatness", {"power": 1, "amin": 1e-6}, flatness(power=1, amin=1e-6)),
    ("spectral_contrast", {}, spectral("spectral_contrast")),
    (
        "spectral_contrast",
        {"n_bands": 3, "fmin": 300.0, "quantile": 0.3},
        spectral("spectral_contrast", n_bands=3, fmin=300.0, quantile=0.3),
    ),
    ("chroma", {}, chroma()),
    ("chroma", {"norm": "l1", "tuning": 0.3}, chroma(norm=1, tuning=0.3)),
    ("chroma", {"norm": "l2", "n_chroma": 24}, chroma(norm=2, n_chroma=24)),
    ("chroma", {"norm": None, "n_chroma": 7, "tuning": -0.2}, chroma(norm=None, n_chroma=7, tuning=-0.2)),
    ("pcen", {}, pcen()),
    ("pcen", {"mel_power": 2, "input_scale": 1.0, "n_mels": 40}, pcen(2, 1.0, 40)),
    (
        "pcen",
        {"gain": 0.6, "bias": 10.0, "power": 0.25, "time_constant": 0.06, "eps": 1e-3, "input_scale": 1000.0},
        pcen(scale=1000.0, gain=0.6, bias=10.0, power=0.25, time_constant=0.06, eps=1e-3),
    ),
]
for_spectral = pytest.mark.parametrize(
    ("name", "options", "expected"),
    SPECTRAL,
    ids=["-".join([name, *(f"{key}={value}" for key, value in options.items())]) for name, options, _ in SPECTRAL],
)


@for_spectral
@pytest.mark.parametrize("stft", [STFT, OTHER_STFT, ODD_STFT], ids=["default", "other", "odd"])
@pytest.mark.filterwarnings("ignore:Empty filters", "ignore:.*hold no FFT bin")
def test_definition_is_that_of_librosa(name, options, expected, stft):
    """In float64 with float64's constants, where the ends of a pure tone's spectrum are no rounding errors."""
    frontend = in_float64(create_frontend(name, sample_rate=RATE, **stft, **options))
    for clip in map(signal, SIGNALS):
        actual, reference = features(frontend, clip), expected(clip, stft)
        if name == "spectral_contrast" and np.abs(reference).max() < 1e-9:
            # A click is flat: its contrast is nothing but rounding errors, 1e-15 dB.
            assert np.abs(actual).max() < 1e-9
            continue
        # 1e-15 to 1e-9; a chirp's ends at 1e-16 of its peak, the FFT's own rounding errors, are lifted by PCEN.
        assert relative_l2(actual, reference) < 1e-7


@for_spectral
@for_signals
def test_float32_is_close_to_librosa(name, options, expected, clip_name):
    """Of clips with a noise floor: 1e-7, and up to 6e-6 in the mean of what valleys and logarithms lift."""
    clip = with_floor(signal(clip_name))
    frontend = create_frontend(name, sample_rate=RATE, **STFT, **options)
    tolerance = 3e-5 if name == "spectral_contrast" else 1e-5  # a valley is a mean of the smallest bins
    assert relative_l2(features(frontend, clip), expected(clip, STFT)) < tolerance


@for_signals
@pytest.mark.parametrize("roll_percent", [0.01, 0.5, 0.85, 0.99])
def test_rolloff_is_that_of_librosa(clip_name, roll_percent):
    """Where the sum reaches the share to within float32's rounding, a frame may be one bin off."""
    clip = signal(clip_name)
    for stft in STFT, OTHER_STFT:
        frontend = create_frontend("spectral_rolloff", sample_rate=RATE, roll_percent=roll_percent, **stft)
        expected = spectral("spectral_rolloff", roll_percent=roll_percent)(clip, stft)
        np.testing.assert_allclose(features(in_float64(frontend), clip), expected, rtol=1e-12)
        bins_off = np.abs(features(frontend.float(), clip) - expected) * stft["n_fft"] / RATE
        assert bins_off.max() < 1.001
        assert (bins_off > 0.001).mean() < 0.05


def test_default_of_librosa_pads_with_zeros():
    clip = signal("noise")
    actual = features(create_frontend("spectral_centroid", sample_rate=RATE, pad_mode="constant"), clip)
    assert relative_l2(actual, librosa.feature.spectral_centroid(y=clip, sr=RATE)) < 1e-6
