"""Chroma of a spectrum and of a constant-Q transform, against librosa."""

import librosa
import numpy as np
import pytest

from esc_gpu.frontends.chroma import chroma_filterbank, cqt_to_chroma
from esc_gpu.frontends.registry import create_frontend
from tests.helpers.second_at_22050 import RATE, SAMPLES, SIGNALS, signal
from tests.helpers.signals import features, relative_l2

NORMS = {"max": np.inf, "l1": 1, "l2": 2, None: None}


@pytest.mark.parametrize("n_fft", [512, 1001, 2048])
@pytest.mark.parametrize(("n_chroma", "tuning"), [(12, 0.0), (12, 0.4), (24, -0.3), (36, 0.0), (5, 0.1), (7, 0.0)])
def test_chroma_filter_bank_is_that_of_librosa(n_fft, n_chroma, tuning):
    expected = librosa.filters.chroma(sr=RATE, n_fft=n_fft, n_chroma=n_chroma, tuning=tuning, dtype=np.float64)
    np.testing.assert_allclose(chroma_filterbank(RATE, n_fft, n_chroma, tuning), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("ctroct", "octwidth"), [(4.0, 1.5), (6.5, 0.5), (5.0, None)])
def test_the_weights_of_octaves_are_those_of_librosa(ctroct, octwidth):
    options = {"n_fft": 1001, "n_chroma": 12, "tuning": 0.2, "ctroct": ctroct, "octwidth": octwidth}
    expected = librosa.filters.chroma(sr=RATE, dtype=np.float64, **options)
    np.testing.assert_allclose(chroma_filterbank(RATE, **options), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("hz", [220.0, 261.63, 440.0, 932.33])
@pytest.mark.parametrize("name", ["chroma", "chroma_cqt"])
def test_a_note_lands_in_its_class(name, hz):
    clip = 0.5 * np.sin(2 * np.pi * hz / RATE * np.arange(SAMPLES))
    classes = features(create_frontend(name, sample_rate=RATE), clip)
    assert classes[:, classes.shape[1] // 2].argmax() == round(librosa.hz_to_midi(hz)) % 12


CHROMA_CQTS = [
    {},
    {"n_chroma": 24, "bins_per_octave": 24, "n_bins": 120, "norm": "l2", "fmin": 65.41},
    {"n_chroma": 6, "bins_per_octave": 12, "n_bins": 72, "norm": "l1", "fmin": 49.0},
    {"n_chroma": 12, "bins_per_octave": 24, "n_bins": 72, "norm": None, "fmin": 233.08, "pad_mode": "constant"},
]


@pytest.mark.parametrize("options", CHROMA_CQTS, ids=["default", "24", "6", "no_norm"])
def test_chroma_cqt_is_librosas_of_the_same_cqt(options):
    chroma_cqt = create_frontend("chroma_cqt", sample_rate=RATE, top_db=None, **options)
    folded = {"n_chroma": chroma_cqt.n_chroma, "bins_per_octave": chroma_cqt.bins_per_octave, "fmin": chroma_cqt.fmin}
    cqt = create_frontend(
        "cqt",
        "native",
        sample_rate=RATE,
        fmin=chroma_cqt.fmin,
        n_bins=chroma_cqt.n_bins,
        bins_per_octave=chroma_cqt.bins_per_octave,
        pad_mode=chroma_cqt.pad_mode,
        scale="magnitude",
    )
    for clip in map(signal, SIGNALS):
        magnitudes = features(cqt, clip).astype(np.float64)
        expected = librosa.feature.chroma_cqt(C=magnitudes, sr=RATE, norm=NORMS[chroma_cqt.norm], **folded)
        assert relative_l2(features(chroma_cqt, clip), expected) < 1e-6


def test_chroma_cqt_leaves_silence_beside_sound_silent():
    """What a float32 FFT leaves of digital silence, 1e-7 of the sound, is no chord."""
    clip = np.zeros(3 * RATE)
    clip[:RATE] = np.random.default_rng(0).uniform(-1, 1, RATE)
    frontend = create_frontend("chroma_cqt", sample_rate=RATE, fmin=130.8, n_bins=180)
    chroma = features(frontend, clip)
    assert chroma[:, : RATE // 2 // 512].max(axis=0).min() == 1
    assert chroma[:, 2 * RATE // 512 :].max() < 1e-4
    everything = features(create_frontend(**frontend.spec | {"top_db": None}), clip)
    assert everything[:, 2 * RATE // 512 :].max() == 1


@pytest.mark.parametrize("fmin", [27.5, 32.70319566257483, 100.0, 440.0])
@pytest.mark.parametrize(("n_bins", "bins_per_octave", "n_chroma"), [(84, 12, 12), (100, 36, 12), (48, 24, 6)])
def test_folding_is_that_of_librosa(n_bins, bins_per_octave, n_chroma, fmin):
    options = {"bins_per_octave": bins_per_octave, "n_chroma": n_chroma, "fmin": fmin}
    assert (cqt_to_chroma(n_bins, **options) == librosa.filters.cq_to_chroma(n_bins, **options)).all()
