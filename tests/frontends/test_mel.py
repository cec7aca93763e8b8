"""Spectrogram, log-mel and MFCC: the numbers of librosa and scipy, and those of their parts."""

import librosa
import numpy as np
import pytest
import scipy.fft
import scipy.signal

from esc_gpu.frontends.cepstral import dct_matrix
from esc_gpu.frontends.mel import hz_to_mel, mel_filterbank, mel_frequencies, mel_to_hz
from esc_gpu.frontends.registry import create_frontend
from tests.helpers.signals import features, relative_l2, signal

RATE = 44100
SIGNALS = ("tone", "chirp", "click", "noise", "square")
FLOAT32 = 1e-6  # float32 sums over a frame err by 1e-7 to 2e-7 in relative L2


def assert_db_close(actual, expected):
    """Float32's error is relative to the loudest bin: 1e-3 dB down to 60 dB under it, 1e-2 dB at 80."""
    error = np.abs(actual - expected)
    assert error[expected >= expected.max() - 60].max() < 1e-3
    assert error[expected >= expected.max() - 80].max() < 1e-2


# ---- spectrogram, log-mel, MFCC against librosa


STFTS = {
    "default": {},
    "constant": {"pad_mode": "constant"},
    "short": {"n_fft": 512, "hop_length": 128},
    "window": {"n_fft": 2048, "win_length": 1102, "hop_length": 441},
    "odd_window": {"n_fft": 1024, "win_length": 601, "window": "hamming", "pad_mode": "constant"},
    "odd_fft": {"n_fft": 1001, "hop_length": 250},
    "16k": {"sample_rate": 16000, "n_fft": 400, "hop_length": 160},
}
MELS = {
    "default": {},
    "htk": {"mel_scale": "htk"},
    "no_norm": {"norm": None},
    "htk_no_norm": {"mel_scale": "htk", "norm": None, "pad_mode": "constant"},
    "band": {"n_mels": 64, "fmin": 50.0, "fmax": 14000.0},
    "few": {
        "n_fft": 1024,
        "win_length": 800,
        "hop_length": 320,
        "n_mels": 40,
        "fmin": 20.0,
        "pad_mode": "constant",
    },
    "16k": {
        "sample_rate": 16000,
        "n_fft": 400,
        "hop_length": 160,
        "n_mels": 40,
        "fmax": 7600.0,
        "mel_scale": "htk",
    },
}
for_signals = pytest.mark.parametrize("name", SIGNALS)
for_stfts = pytest.mark.parametrize("options", STFTS.values(), ids=STFTS)
for_mels = pytest.mark.parametrize("options", MELS.values(), ids=MELS)


def clip_for(options, name):
    sample_rate = options.get("sample_rate", RATE)
    return signal(name, sample_rate, sample_rate // 2 + 1)


def librosa_magnitude(clip, options):
    stft = {"n_fft": 2048, "hop_length": 512, "pad_mode": "reflect"} | options
    stft.pop("sample_rate", None)
    return np.abs(librosa.stft(clip, **stft))


def librosa_mel_power(clip, options):
    stft = {"n_fft": 2048, "hop_length": 512, "pad_mode": "reflect", "norm": "slaney"} | options
    htk = stft.pop("mel_scale", "slaney") == "htk"
    sample_rate = stft.pop("sample_rate", RATE)
    # librosa's filter bank is float32 unless told otherwise.
    return librosa.feature.melspectrogram(y=clip, sr=sample_rate, htk=htk, dtype=np.float64, **stft)


@for_signals
@for_stfts
def test_spectrogram_is_that_of_librosa(options, name):
    clip = clip_for(options, name)
    magnitude = librosa_magnitude(clip, options)
    for scale, expected in ("magnitude", magnitude), ("power", magnitude**2):
        actual = features(create_frontend("spectrogram", "native", scale=scale, **options), clip)
        assert actual.shape == expected.shape
        assert relative_l2(actual, expected) < FLOAT32
    for top_db in 80.0, 30.0, None:
        actual = features(create_frontend("spectrogram", "native", top_db=top_db, **options), clip)
        assert_db_close(actual, librosa.power_to_db(magnitude**2, top_db=top_db))


@for_signals
@for_mels
def test_logmel_is_that_of_librosa(options, name):
    clip = clip_for(options, name)
    power = librosa_mel_power(clip, options)
    for scale, expected in ("power", power), ("magnitude", np.sqrt(power)):
        actual = features(create_frontend("logmel", "native", scale=scale, **options), clip)
        assert actual.shape == expected.shape
        assert relative_l2(actual, expected) < FLOAT32
    for top_db in 80.0, 30.0, None:
        actual = features(create_frontend("logmel", "native", top_db=top_db, **options), clip)
        assert_db_close(actual, librosa.power_to_db(power, top_db=top_db))


@for_signals
@for_mels
@pytest.mark.parametrize("n_mfcc", [1, 13, 40])
def test_mfcc_is_that_of_librosa(options, name, n_mfcc):
    clip = clip_for(options, name)
    expected = librosa.feature.mfcc(S=librosa.power_to_db(librosa_mel_power(clip, options)), n_mfcc=n_mfcc)
    actual = features(create_frontend("mfcc", "native", n_mfcc=n_mfcc, **options), clip)
    assert actual.shape == expected.shape
    # The decibels have the error of assert_db_close, up to 1e-2 of 80.
    assert relative_l2(actual, expected) < 1e-5


def test_silence_lies_on_the_floor():
    for name in "spectrogram", "logmel":
        assert (features(create_frontend(name, "native"), np.zeros(RATE // 2)) == -100).all()


# ---- the parts


BANKS = [
    (44100, 2048, 128, 0.0, 22050.0),
    (44100, 2048, 64, 50.0, 14000.0),
    (22050, 512, 40, 20.0, 11025.0),
    (16000, 401, 26, 133.0, 6855.0),
    (44100, 512, 128, 0.0, 22050.0),  # some of its bands are empty
]


@pytest.mark.filterwarnings("ignore:Empty filters")
@pytest.mark.parametrize("mel_scale", ["slaney", "htk"])
@pytest.mark.parametrize("norm", ["slaney", None])
@pytest.mark.parametrize(("sample_rate", "n_fft", "n_mels", "fmin", "fmax"), BANKS)
def test_filter_bank_is_that_of_librosa(sample_rate, n_fft, n_mels, fmin, fmax, mel_scale, norm):
    expected = librosa.filters.mel(
        sr=sample_rate,
        n_fft=n_fft,
        n_mels=n_mels,
        fmin=fmin,
        fmax=fmax,
        htk=mel_scale == "htk",
        norm=norm,
        dtype=np.float64,
    )
    actual = mel_filterbank(sample_rate, n_fft, n_mels, fmin, fmax, mel_scale, norm)
    # Both are float64: only the order of the operations differs.
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12 * expected.max())


@pytest.mark.parametrize("mel_scale", ["slaney", "htk"])
def test_mel_scale_is_that_of_librosa(mel_scale):
    htk = mel_scale == "htk"
    hz = np.concatenate([np.linspace(0, 22050, 500), [999.999, 1000.0, 1000.001]])
    mel = librosa.hz_to_mel(hz, htk=htk)
    np.testing.assert_allclose(hz_to_mel(hz, mel_scale), mel, rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(mel, mel_scale), librosa.mel_to_hz(mel, htk=htk), rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz, mel_scale), mel_scale), hz, rtol=1e-9, atol=1e-9)
    assert hz_to_mel(440.0, mel_scale) == pytest.approx(librosa.hz_to_mel(440.0, htk=htk))
    edges = librosa.mel_frequencies(n_mels=42, fmin=30.0, fmax=8000.0, htk=htk)
    np.testing.assert_allclose(mel_frequencies(40, 30.0, 8000.0, mel_scale), edges, rtol=1e-12)


@pytest.mark.parametrize(("n_out", "n_in"), [(1, 1), (1, 40), (13, 40), (40, 128), (128, 128)])
def test_dct_is_that_of_scipy(n_out, n_in):
    values = np.random.default_rng(0).normal(size=(5, n_in))
    expected = scipy.fft.dct(values, type=2, norm="ortho")[:, :n_out]
    np.testing.assert_allclose(values @ dct_matrix(n_out, n_in).numpy(), expected, atol=1e-12)
