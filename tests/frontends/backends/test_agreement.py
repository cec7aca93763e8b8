"""The other backends against the native one."""

import numpy as np
import pytest
import soundfile
import torch

from esc_gpu.frontends.registry import create_frontend, list_backends
from tests.helpers.backends import needs, needs_torchaudio
from tests.helpers.one_line import refusal
from tests.helpers.signals import relative_l2

RATE = 44100
NOISE_CASES = [
    ("spectrogram", {"scale": "magnitude"}),
    ("spectrogram", {"scale": "power", "pad_mode": "constant"}),
    ("spectrogram", {"n_fft": 1024, "win_length": 700, "hop_length": 441, "window": "hamming"}),
    ("spectrogram", {"n_fft": 1024, "win_length": 701, "hop_length": 300, "top_db": None}),
    ("spectrogram", {"n_fft": 1024, "window": ["kaiser", 8.6], "scale": "power"}),
    ("spectrogram", {"n_fft": 1024, "center": False}),
    ("logmel", {"center": False, "hop_length": 700}),
    ("mfcc", {"center": False}),
    ("lfcc", {"center": False}),
    ("logmel", {}),
    ("logmel", {"scale": "power"}),
    ("logmel", {"mel_scale": "htk", "scale": "magnitude"}),
    ("logmel", {"norm": None, "scale": "power", "pad_mode": "constant"}),
    (
        "logmel",
        {"mel_scale": "htk", "norm": None, "scale": "power", "fmin": 50.0, "fmax": 14000.0, "n_mels": 64},
    ),
    ("logmel", {"sample_rate": 16000, "n_fft": 512, "win_length": 400, "hop_length": 160, "n_mels": 40}),
    ("mfcc", {}),
    ("mfcc", {"n_mfcc": 13, "n_mels": 40, "mel_scale": "htk", "norm": None, "top_db": None}),
    ("mfcc", {"n_mfcc": 20, "top_db": 20.0, "pad_mode": "constant"}),
    ("mfcc", {"n_mfcc": 20, "ref": 5.0, "amin": 1.0, "top_db": 30.0}),
    ("lfcc", {"n_lfcc": 13, "ref": 5.0, "amin": 1.0, "top_db": None}),
    ("logmel", {"ref": "max", "preemphasis": 0.97, "power": 1.0}),
    ("mfcc", {"n_mfcc": 13, "dct_type": 3, "dct_norm": None, "lifter": 22.0, "power": 1.0}),
    ("lfcc", {"n_lfcc": 13, "dct_type": 1, "lifter": 22.0, "power": 1.0}),
    ("logmel", {"n_fft": 511, "hop_length": 128, "n_mels": 20, "scale": "power"}),
    ("logmel", {"sample_rate": 11025, "n_fft": 512, "n_mels": 20, "scale": "power"}),
    ("mfcc", {"n_fft": 511, "n_mels": 20, "n_mfcc": 13}),
    ("lfcc", {"n_fft": 511, "n_filters": 20, "n_lfcc": 13}),
    ("lfcc", {"sample_rate": 11025, "n_fft": 512, "n_filters": 20, "n_lfcc": 13}),
    ("lfcc", {}),
    ("lfcc", {"n_lfcc": 13, "n_filters": 60, "fmin": 100.0, "fmax": 9000.0, "hop_length": 441, "top_db": None}),
    ("cqt", {"scale": "magnitude"}),
    ("cqt", {"scale": "magnitude", "pad_mode": "constant", "hop_length": 441, "n_bins": 77}),
    (
        "cqt",
        {"sample_rate": 22050, "bins_per_octave": 24, "n_bins": 168, "scale": "power", "window": "hamming"},
    ),
    ("cqt", {"sample_rate": 16000, "fmin": 200.0, "n_bins": 40, "filter_scale": 0.5}),
]
CLIP_CASES = [
    ("spectrogram", {"scale": "magnitude"}),
    ("spectrogram", {}),
    ("logmel", {}),
    ("logmel", {"scale": "power"}),
    ("mfcc", {}),
    ("cqt", {"scale": "magnitude"}),
]


def with_backends(cases):
    return [
        pytest.param(
            name, backend, options, id="-".join([name, backend, *map(str, options.values())]), marks=needs(backend)
        )
        for name, options in cases
        for backend in list_backends(name)
        if backend != "native"
    ]


@pytest.fixture(scope="module")
def real_clips(esc10_root):
    """`(6, 5 s)` int16 from all folds; most of the first clip is digital silence."""
    paths = sorted((esc10_root / "audio").iterdir())[::70]
    clips = [soundfile.read(path, dtype="int16")[0][: 5 * RATE] for path in paths]
    return torch.from_numpy(np.stack(clips))


def assert_same_features(name, backend, options, waveforms):
    expected = create_frontend(name, "native", **options)(waveforms)
    actual = create_frontend(name, backend, **options)(waveforms)
    assert actual.shape == expected.shape
    # The native CQT alone may be 1e-5 off, the others 1e-6; nnAudio rounds its kernels to float32.
    for one, other in zip(actual, expected, strict=True):
        assert relative_l2(one.numpy(), other.numpy()) < 1e-4


@pytest.mark.parametrize(("name", "backend", "options"), with_backends(NOISE_CASES))
def test_backends_agree_on_noise(name, backend, options):
    generator = torch.Generator().manual_seed(0)
    assert_same_features(name, backend, options, torch.rand(2, 30011, generator=generator) * 2 - 1)


@needs_torchaudio
def test_torchaudio_takes_any_window_and_pad_mode():
    for pad_mode in ("edge", "wrap"):
        assert_same_features("spectrogram", "torchaudio", {"pad_mode": pad_mode}, torch.rand(2, 8000) - 0.5)
    for window in ("povey", "hann_symmetric", torch.linspace(0.1, 1.0, 512).tolist()):
        options = {"n_fft": 512, "window": window, "scale": "power"}
        assert_same_features("logmel", "torchaudio", options | {"n_mels": 20}, torch.rand(2, 8000) - 0.5)


@needs_torchaudio
@pytest.mark.parametrize("name", ["mfcc", "lfcc"])
def test_torchaudio_has_no_decibels_under_the_maximum(name):
    assert "'torchaudio'" in refusal(create_frontend, name, "torchaudio", ref="max")


@pytest.mark.parametrize(("name", "length"), [("logmel", 2048), ("cqt", None)])
def test_nnaudio_refuses_what_scipy_has_not(name, length):
    refused = refusal(create_frontend, name, "nnaudio", pad_mode="edge")
    assert "'nnaudio'" in refused and "'edge'" in refused and "backend='native'" in refused
    windows = ["povey", "hann_symmetric", ["povey"]] + ([[1.0] * length] if length else [])
    for window in windows:
        refused = refusal(create_frontend, name, "nnaudio", window=window)
        assert "'nnaudio'" in refused and "window=" in refused and "backend='native'" in refused


@pytest.mark.parametrize(("name", "backend", "options"), with_backends(CLIP_CASES))
def test_backends_agree_on_real_clips(name, backend, options, real_clips):
    assert_same_features(name, backend, options, real_clips)


def test_native_cqt_in_decibels_on_real_clips(real_clips):
    """What its kernels' bands lose is 5e-6 of the loudest bin: 0.05 dB at 60 dB under it, 0.5 dB at 80."""
    expected = create_frontend("cqt", "nnaudio")(real_clips).numpy()
    error = np.abs(create_frontend("cqt", "native")(real_clips).numpy() - expected)
    assert error.max() < 0.5
    loudest = expected.max(axis=(1, 2, 3), keepdims=True)
    assert error[expected > loudest - 60].max() < 0.05
    assert np.median(error) < 1e-3
