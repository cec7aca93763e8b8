"""Values that an option of a front-end cannot have: one line that names the option and what to do."""

import pytest

from esc_gpu.core.checks import MOST, check_weights
from esc_gpu.frontends.registry import create_frontend
from tests.helpers.backends import each_backend, needs_torchaudio
from tests.helpers.descriptor_cases import SMALL_MEL
from tests.helpers.one_line import assert_refused, refusal

NAN = float("nan")
BAD = [
    # front-ends, option, bad values
    ("spectrogram logmel mfcc cqt", "sample_rate", [0, -1, 44100.0, "44100", None, True]),
    ("spectrogram logmel mfcc cqt", "hop_length", [0, -512, 512.0, "512", None, False]),
    ("spectrogram logmel mfcc", "n_fft", [1, 0, 2048.0, "2048", None]),
    ("spectrogram logmel mfcc", "win_length", [0, 2049, 1024.0, "1024"]),
    ("spectrogram logmel mfcc cqt", "window", ["hnan", "", None, 8.0, ["kaiser"], ["kaiser", "x"], [], [0, 1, 0]]),
    ("spectrogram logmel mfcc cqt", "pad_mode", ["reflekt", "mirror", None]),
    ("logmel mfcc", "n_mels", [0, -1, 128.0, "128", None]),
    ("logmel mfcc", "fmin", [-1.0, 22050.0, NAN, "low", None]),
    ("logmel mfcc", "fmax", [0.0, -1.0, 22051.0, NAN, "high"]),
    ("logmel mfcc", "mel_scale", ["slany", "mel", None]),
    ("logmel mfcc", "norm", ["slany", 1, "l1"]),
    ("mfcc", "n_mfcc", [0, -1, 129, 40.0, "40", None]),
    ("spectrogram logmel cqt", "scale", ["dB", "log", None]),
    ("mfcc gfcc", "log", ["dB", "power", None]),
    ("spectrogram logmel lfcc vqt", "log_offset", [-1e-6, NAN, "1e-6", None]),
    ("spectrogram logmel mfcc cqt", "top_db", [0, -80.0, NAN, "80"]),
    ("spectrogram logmel gfcc cqt", "ref", [0, -1.0, NAN, "mean", None]),
    ("spectrogram logmel lfcc vqt", "amin", [0, -1e-10, NAN, "1e-10", None]),
    ("mfcc lfcc gfcc", "dct_type", [0, 4, 2.0, "2", None]),
    ("mfcc lfcc gfcc", "dct_norm", ["slaney", True]),
    ("mfcc lfcc gfcc", "lifter", [-1.0, NAN, "22", None]),
    ("spectrogram mfcc spectral_centroid", "preemphasis", [-0.1, 1.1, NAN, "0.97", None]),
    ("logmel", "preemphasis_start", ["first", None, "drop"]),
    ("cqt chroma_cqt", "kernels", ["nnaudio", None]),
    ("cqt", "tuning", [NAN, "0.1", None]),
    ("chroma", "tuning", [NAN, "0"]),
    ("chroma", "ctroct", [NAN, "5", None]),
    ("chroma", "octwidth", [0, -1.0, NAN, "2"]),
    ("logmel lfcc gammatone spectrogram cqt", "power", [0, -1.0, NAN, "2", None]),
    ("spectrogram chroma rms zero_crossing_rate", "center", [0, None, "no"]),
    ("logmel cqt rms", "pad_short", ["yes", 1, None]),
    ("logmel cqt rms", "input_sample_rate", [0, -1, 44100.0, "44100"]),
    ("lfcc", "n_lfcc", [0, 129, 40.0, None]),
    ("lfcc", "n_filters", [0, -1, 128.0, None]),
    ("lfcc gammatone gfcc", "fmin", [-1.0, 22050.0, NAN, "low", None]),
    ("lfcc gammatone gfcc", "fmax", [0.0, 22051.0, NAN, "high"]),
    ("gammatone gfcc", "n_bins", [0, -1, 64.0, None]),
    ("gfcc", "n_gfcc", [0, 65, 40.0, None]),
    ("kaldi_fbank kaldi_mfcc", "win_length", [0, 1, 25.0, "25"]),
    ("kaldi_fbank", "n_fft", [0, 1101, 2048.0]),
    ("kaldi_fbank", "window", ["hann", "povy", None]),
    ("kaldi_fbank", "preemphasis", [-0.1, 1.1, NAN, None]),
    ("kaldi_fbank", "input_scale", [0, -1.0, NAN, None]),
    ("kaldi_fbank", "energy_floor", [-1.0, NAN, None]),
    ("kaldi_fbank", "mel_power", [0, 3.0, None]),
    ("kaldi_fbank", "log", ["log", "dB", True]),
    ("kaldi_fbank", "log_floor", [-1.0, NAN, 0, None]),
    ("kaldi_fbank kaldi_mfcc", "snip_edges", ["no", 0, None]),
    ("kaldi_mfcc", "n_mfcc", [0, 24, 13.0, None]),
    ("kaldi_mfcc", "lifter", [-1.0, NAN, None]),
    ("vqt", "gamma", [-1.0, NAN, "ear"]),
    ("cqt", "n_bins", [0, -1, 84.0, "84", None, 114]),
    ("cqt", "bins_per_octave", [0, -12, 12.0, "12", None]),
    ("cqt", "fmin", [0.0, -32.7, NAN, "C1", None, 30000.0]),
    ("cqt", "filter_scale", [0.0, -1.0, NAN, float("inf"), "1", None]),
    ("spectral_bandwidth", "p", [0, -1.0, NAN, "2", None]),
    ("spectral_rolloff", "roll_percent", [0.0, 1.0, 85, -0.1, NAN, "0.85", None]),
    ("spectral_bandwidth", "norm", [1, None, "yes"]),
    ("spectral_rolloff", "power", [0, -2.0, NAN, "2", None]),
    ("spectral_contrast", "linear", [1, None, "yes"]),
    ("spectral_flatness", "amin", [0.0, -1e-10, NAN, None]),
    ("spectral_flatness", "power", [0, -2.0, NAN, "2", None]),
    ("spectral_contrast", "n_bands", [0, -1, 6.0, None, 8, 5000]),
    ("spectral_contrast", "fmin", [0.0, -200.0, NAN, None, 5.0, 20000.0]),
    ("spectral_contrast", "quantile", [0.0, 1.0, -0.1, NAN, None]),
    ("zero_crossing_rate", "frame_length", [1, 0, 2048.0, None]),
    ("zero_crossing_rate", "hop_length", [0, 512.0, None]),
    ("rms", "frame_length", [1, 0, 2048.0, None]),
    ("rms", "pad_mode", ["symmetric", None, "reflekt"]),
    ("chroma", "n_chroma", [0, 12.0, None]),
    ("chroma", "norm", ["inf", 2, float("inf"), "L2"]),
    ("chroma_cqt", "n_chroma", [0, 12.0, None, 10]),
    ("chroma_cqt", "bins_per_octave", [0, 36.0, None, 40]),
    ("chroma_cqt", "norm", ["inf", 2]),
    ("chroma_cqt", "n_bins", [0, 84.0, None]),
    ("chroma_cqt", "top_db", [0, -80.0, "80"]),
    ("chroma_cqt", "fmin", [0.0, NAN, None]),
    ("pcen", "gain", [0, -0.98, NAN, None]),
    ("pcen", "bias", [0, -2.0, NAN, None]),
    ("pcen", "power", [0, -0.5, NAN, None]),
    ("pcen", "time_constant", [0, -0.4, NAN, None]),
    ("pcen", "eps", [0, -1e-6, NAN, None]),
    ("pcen", "mel_power", [0, 3.0, 1.5, None, "1"]),
    ("pcen", "input_scale", [0, -1.0, NAN, None]),
    ("pcen", "trainable", [1, None, "yes"]),
    ("delta", "width", [1, 2, 8, 9.0, None]),
    ("delta", "order", [0, 3, 1.0, None]),
    ("delta", "mode", ["reflect", "edge", 1, None]),
    ("delta", "member", [None, 5, {}, {"n_mels": 20}, [SMALL_MEL]]),
]


def bad_values():
    for names, option, values in BAD:
        for name in names.split():
            for value in values:
                yield pytest.param(name, option, value, id=f"{name}-{option}-{value!r}")


@pytest.mark.parametrize(("name", "option", "value"), list(bad_values()))
def test_bad_value_of_an_option(name, option, value):
    needed = {"member": SMALL_MEL} if name in ("delta", "model_input") else {}
    assert_refused(lambda: create_frontend(name, **needed | {option: value}), option)


RMS = {"member": {"name": "rms"}}
FEW = {"n_fft": 64, "n_mels": 1}
LIMITS = [
    # front-end, option, the least and the most that it may be, and what goes with it
    ("spectrogram", "sample_rate", [1], {}),
    ("spectrogram", "hop_length", [1], {}),
    ("spectrogram", "n_fft", [2], {}),
    ("spectrogram", "win_length", [1, 64], {"n_fft": 64}),
    ("logmel", "input_sample_rate", [1], {"sample_rate": 1, "fmax": 0.5}),
    ("logmel", "n_mels", [1], {}),
    ("logmel", "top_db", [0.5], {}),
    ("mfcc", "n_mfcc", [1, 20], {"n_mels": 20}),
    ("mfcc", "dct_type", [1, 3], {}),
    ("lfcc", "n_lfcc", [1, 20], {"n_filters": 20}),
    ("lfcc", "n_filters", [1], {"n_lfcc": 1}),
    ("gfcc", "n_gfcc", [1, 64], {}),
    ("gammatone", "n_bins", [1], {}),
    ("kaldi_fbank", "sample_rate", [1], {"win_length": 64, "hop_length": 1, "n_mels": 1, "fmin": 0.0, "fmax": 0.5}),
    ("kaldi_fbank", "win_length", [2], {**FEW, "hop_length": 1}),
    ("kaldi_fbank", "n_fft", [400], {"win_length": 400}),
    ("kaldi_fbank", "n_mels", [1], {}),
    ("kaldi_fbank", "input_scale", [0.5], {}),
    ("kaldi_mfcc", "n_mfcc", [1, 23], {}),
    ("chroma chroma_cqt", "n_chroma", [1], {}),
    ("chroma", "octwidth", [0.5], {}),
    ("cqt", "n_bins", [1], {}),
    ("cqt", "bins_per_octave", [1], {"n_bins": 4}),
    ("cqt", "filter_scale", [0.5], {}),
    ("zero_crossing_rate rms", "frame_length", [2], {}),
    ("spectral_contrast", "n_bands", [1], {}),
    ("spectral_contrast", "fmin", [0.9], {"n_bands": 1, "n_fft": 65536, "sample_rate": 8000}),
    ("spectral_bandwidth", "p", [0.5], {}),
    ("spectral_rolloff spectral_flatness", "power", [0.5], {}),
    ("pcen", "bias", [0.5], {}),
    ("pcen", "input_scale", [0.5], {}),
    ("delta", "width", [3], RMS),
    ("delta", "order", [1, 2], RMS),
    ("stack", "n_bins", [1], {"members": [{"name": "rms"}] * 2}),
    ("model_input", "image_frames", [1], RMS),
    ("model_input", "clip_seconds", [0.5], RMS),
    ("model_input", "max_range", [0.5], RMS),
    ("model_input", "std", [0.5], RMS),
]


@pytest.mark.parametrize(("names", "option", "values", "others"), LIMITS)
def test_a_value_on_the_limit_is_taken(names, option, values, others):
    for name in names.split():
        for value in values:
            assert create_frontend(name, **others, **{option: value}).spec[option] == value


@each_backend("native", "torchaudio", "nnaudio")
@pytest.mark.parametrize(
    ("option", "value"),
    [("n_mfcc", 129), ("win_length", 4096), ("mel_scale", "slany"), ("norm", "l1"), ("window", "hnan")],
)
def test_every_backend_checks_first(backend, option, value):
    """nnAudio itself takes some of these without a word."""
    assert_refused(lambda: create_frontend("mfcc", backend, **{option: value}), option, repr(value))


def test_messages_name_value_and_limits():
    assert_refused(lambda: create_frontend("mfcc", n_mels=40, n_mfcc=41), "n_mfcc", "from 1 to 40", "41")
    assert_refused(lambda: create_frontend("logmel", n_fft=512, win_length=600), "win_length", "from 1 to 512", "600")
    assert_refused(lambda: create_frontend("logmel", pad_mode="reflekt"), "constant", "did you mean 'reflect'?")
    assert_refused(lambda: create_frontend("logmel", fmin=900.0, fmax=800.0), "fmin=900", "fmax=800", "22050 Hz")
    assert_refused(lambda: create_frontend("logmel", sample_rate=16000, fmax=9000.0), "8000 Hz", "fmax=9000")
    assert_refused(lambda: create_frontend("spectrogram", window="hnan"), "'hnan'", "scipy.signal.get_window")


@needs_torchaudio
def test_torchaudios_limit_of_the_lfcc():
    options = {"n_fft": 16, "n_lfcc": 20, "n_filters": 40}
    with pytest.warns(UserWarning, match="linear bands hold no FFT bin"):
        assert_refused(lambda: create_frontend("lfcc", "torchaudio", **options), "n_lfcc", "from 1 to 16")


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        ("logmel", {"n_mels": 1_000_000}, ["n_mels=1000000", "1,025,000,000 weights", "134,217,728", "lower n_mels"]),
        ("kaldi_fbank", {"n_mels": 200_000}, ["n_mels=200000", "1,025 for each", "lower n_mels"]),
        ("lfcc", {"n_filters": 200_000}, ["n_filters=200000", "1,025 for each", "lower n_filters"]),
        ("gammatone", {"n_bins": 200_000}, ["n_bins=200000", "1,025 for each", "lower n_bins"]),
        ("chroma", {"n_chroma": 200_000}, ["n_chroma=200000", "1,025 for each", "lower n_chroma"]),
        ("cqt", {"bins_per_octave": 1_000_000}, ["kernels of cqt", "raise fmin", "lower bins_per_octave"]),
        ("vqt", {"filter_scale": 1e6}, ["kernels of vqt", "or filter_scale"]),
    ],
)
def test_a_bank_that_takes_minutes_and_the_memory_is_refused_at_once(name, options, parts):
    assert_refused(lambda: create_frontend(name, **options), *parts)


def test_the_largest_window_goes_with_the_default_bands():
    check_weights("n_mels", 128, MOST // 2 + 1)
    assert_refused(lambda: check_weights("n_mfcc", 20_000, 20_000), "n_mfcc=20000", "400,000,000 weights, 20,000 for")


def test_none_is_no_typo():
    assert_refused(lambda: create_frontend("logmel", norm="None"), "norm", "got 'None'")
    assert "did you mean" not in refusal(create_frontend, "logmel", norm="None")


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        ("spectral_rolloff", {"roll_percent": 85}, ["between 0 and 1", "85"]),
        ("spectral_contrast", {"sample_rate": 8000}, ["n_bands=6", "6400 Hz", "4000 Hz", "lower n_bands or fmin"]),
        ("spectral_contrast", {"fmin": 20.0}, ["from 0 to 20 Hz", "21.5332 Hz apart", "raise fmin or n_fft"]),
        ("chroma", {"norm": "maxx"}, ["max, l1, l2, None", "did you mean 'max'?"]),
        ("chroma_cqt", {"bins_per_octave": 40}, ["multiple of n_chroma=12", "40"]),
        ("pcen", {"power": 0}, ["power", "above 0", "got 0"]),
        ("delta", {}, ["member", "{'name': 'logmel'}", "got None"]),
        ("delta", {"member": SMALL_MEL, "width": 8}, ["odd", "got 8: use 7 or 9"]),
        ("delta", {"member": {"name": "logml"}}, ["'logml'", "did you mean 'logmel'?"]),
    ],
)
def test_messages_say_what_to_do(name, options, parts):
    assert_refused(lambda: create_frontend(name, **options), *parts)
