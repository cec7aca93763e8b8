"""Values that an option of a front-end cannot have: one line that names the option and what to do."""

import pytest

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import create_frontend
from tests.helpers.one_line import assert_refused

NAN = float("nan")
BAD = [
    # front-ends, option, bad values, what the message has
    ("spectrogram logmel mfcc cqt", "sample_rate", [0, -1, 44100.0, "44100", None, True], "sample_rate"),
    ("spectrogram logmel mfcc cqt", "hop_length", [0, -512, 512.0, "512", None, False], "hop_length"),
    ("spectrogram logmel mfcc", "n_fft", [1, 0, 2048.0, "2048", None], "n_fft"),
    ("spectrogram logmel mfcc", "win_length", [0, 2049, 1024.0, "1024"], "win_length"),
    ("spectrogram logmel mfcc cqt", "window", ["hnan", "", None, 8.0, ("kaiser", 8.0)], "window"),
    ("spectrogram logmel mfcc cqt", "pad_mode", ["reflekt", "replicate", None], "pad_mode"),
    ("logmel mfcc", "n_mels", [0, -1, 128.0, "128", None], "n_mels"),
    ("logmel mfcc", "fmin", [-1.0, 22050.0, NAN, "low", None], "fmin"),
    ("logmel mfcc", "fmax", [0.0, -1.0, 22051.0, NAN, "high"], "fmax"),
    ("logmel mfcc", "mel_scale", ["slany", "mel", None], "mel_scale"),
    ("logmel mfcc", "norm", ["slany", 1, "l1"], "norm"),
    ("mfcc", "n_mfcc", [0, -1, 129, 40.0, "40", None], "n_mfcc"),
    ("spectrogram logmel cqt", "scale", ["dB", "log", None], "scale"),
    ("spectrogram logmel mfcc cqt", "top_db", [0, -80.0, NAN, "80"], "top_db"),
    ("logmel cqt rms", "pad_short", ["yes", 1, None], "pad_short"),
    ("logmel cqt rms", "input_sample_rate", [0, -1, 44100.0, "44100"], "input_sample_rate"),
    ("lfcc", "n_lfcc", [0, 129, 40.0, None], "n_lfcc"),
    ("lfcc", "n_filters", [0, -1, 128.0, None], "n_filters"),
    ("lfcc gammatone gfcc", "fmin", [-1.0, 22050.0, NAN, "low", None], "fmin"),
    ("lfcc gammatone gfcc", "fmax", [0.0, 22051.0, NAN, "high"], "fmax"),
    ("gammatone gfcc", "n_bins", [0, -1, 64.0, None], "n_bins"),
    ("gfcc", "n_gfcc", [0, 65, 40.0, None], "n_gfcc"),
    ("vqt", "gamma", [-1.0, NAN, "ear"], "gamma"),
    ("cqt", "n_bins", [0, -1, 84.0, "84", None, 114], "n_bins"),
    ("cqt", "bins_per_octave", [0, -12, 12.0, "12", None], "bins_per_octave"),
    ("cqt", "fmin", [0.0, -32.7, NAN, "C1", None, 30000.0], "fmin"),
    ("cqt", "filter_scale", [0.0, -1.0, NAN, float("inf"), "1", None], "filter_scale"),
]


def bad_values():
    for names, option, values, part in BAD:
        for name in names.split():
            for value in values:
                yield pytest.param(name, option, value, part, id=f"{name}-{option}-{value!r}")


@pytest.mark.parametrize(("name", "option", "value", "part"), list(bad_values()))
def test_bad_value_of_an_option(name, option, value, part):
    assert_refused(lambda: create_frontend(name, **{option: value}), part)


@pytest.mark.parametrize("backend", ["native", "torchaudio", "nnaudio"])
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


def test_torchaudios_limit_of_the_lfcc():
    options = {"n_fft": 16, "n_lfcc": 20, "n_filters": 40}
    with pytest.warns(UserWarning, match="linear bands hold no FFT bin"):
        assert_refused(lambda: create_frontend("lfcc", "torchaudio", **options), "n_lfcc", "from 1 to 16")


def test_none_is_no_typo():
    assert_refused(lambda: create_frontend("logmel", norm="None"), "norm", "got 'None'")
    with pytest.raises(EscGpuError) as caught:
        create_frontend("logmel", norm="None")
    assert "did you mean" not in str(caught.value)
