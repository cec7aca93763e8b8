"""The filter banks and their product with the power."""

import re

import numpy as np
import pytest
import scipy.signal
import torch

from esc_gpu import functional
from esc_gpu.errors import EscGpuWarning
from esc_gpu.frontends import LogMel
from esc_gpu.frontends.filterbank import RUN, band_runs, triangles
from esc_gpu.frontends.gammatone import erb_frequencies, gammatone_filterbank
from esc_gpu.frontends.registry import create_frontend
from tests.helpers.backends import each_backend


@pytest.mark.parametrize("options", [{}, {"n_mels": 40}, {"n_mels": 129, "n_fft": 4096}, {"n_mels": 10, "fmin": 9000}])
def test_runs_of_bands_give_the_whole_product(options):
    frontend = create_frontend("logmel", **options)
    power = torch.rand(3, 50, frontend.n_fft // 2 + 1, generator=torch.Generator().manual_seed(0))
    expected = power.double() @ frontend.filterbank().T
    assert torch.allclose(frontend.weigh(power).double(), expected, rtol=1e-5)


def test_a_mel_bank_is_cut_into_runs_and_a_full_bank_is_not():
    assert len(create_frontend("logmel").runs) == 128 // RUN
    assert len(create_frontend("gammatone").runs) == 1
    bank = np.zeros((20, 40))
    assert band_runs(bank) == [(0, 0, 1), (16, 0, 1), (32, 0, 1)]  # empty bands


def test_linear_triangles_are_those_of_torchaudio():
    functional = pytest.importorskip("torchaudio.functional")
    edges = np.linspace(100, 7000, 42)
    expected = functional.linear_fbanks(257, 100.0, 7000.0, 40, 16000).T.double().numpy()
    # torchaudio computes them in float32, with the frequencies as differences of thousands of Hz.
    assert np.abs(triangles(edges, 16000, 512, None) - expected).max() < 1e-4


@pytest.mark.parametrize("sample_rate", [16000, 44100])
def test_gammatone_weights_are_the_filters_response_to_a_click(sample_rate):
    """That of two seconds of scipy's FIR filter, scaled to 1 at its centre."""
    n_fft = 1024
    bank = gammatone_filterbank(sample_rate, n_fft, 12, 50.0, 7000.0)
    for row, centre in zip(bank, erb_frequencies(12, 50.0, 7000.0), strict=True):
        taps, _ = scipy.signal.gammatone(centre, "fir", order=4, numtaps=2 * sample_rate, fs=sample_rate)
        # At the FFT's bins the response repeats every n_fft taps, so that those may be added up before.
        folded = np.pad(taps, (0, -len(taps) % n_fft)).reshape(-1, n_fft).sum(0)
        at_centre = taps @ np.exp(-2j * np.pi * centre / sample_rate * np.arange(len(taps)))
        # scipy writes ERBs with 1 / 9.26449 where the paper has 24.7 * 4.37e-3: a relative difference of 1e-6.
        expected = np.abs(np.fft.rfft(folded) / at_centre) ** 2
        np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-9)


def test_erb_frequencies_are_evenly_spaced_on_the_ears_scale():
    """Moore & Glasberg's rate at 1 kHz is 15.6; neighbours are as many ERBs apart everywhere."""
    frequencies = erb_frequencies(64, 50.0, 22050.0)
    rates = 21.4 * np.log10(1 + 0.00437 * frequencies)
    np.testing.assert_allclose(np.diff(rates), np.diff(rates)[0])
    assert 50 < frequencies[0] < frequencies[-1] < 22050
    assert 21.4 * np.log10(1 + 0.00437 * 1000) == pytest.approx(15.6, abs=0.05)


@pytest.mark.parametrize("name", ["logmel", "mfcc"])
@each_backend("native", "torchaudio", "nnaudio")
@pytest.mark.filterwarnings("ignore:Empty filters", "ignore:At least one mel filterbank has all zero")
def test_empty_mel_bands_are_warned_of(name, backend):
    with pytest.warns(UserWarning, match=r"^\d+ of 128 mel bands hold no FFT bin: lower n_mels, .*n_fft") as caught:
        frontend = create_frontend(name, backend, n_fft=512)
    found = [warning for warning in caught if "hold no FFT bin" in str(warning.message)]
    ours = [str(warning.message) for warning in found]
    assert len(ours) == 1
    assert (found[0].category, found[0].filename) == (EscGpuWarning, __file__)
    assert int(re.match(r"\d+", ours[0])[0]) == (frontend.filterbank().sum(dim=1) == 0).sum()
    assert frontend(torch.zeros(1, 4000)).isfinite().all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: LogMel(n_fft=512),
        lambda: create_frontend("stack", members=[{"name": "logmel", "n_fft": 512}]),
        lambda: functional.logmel(torch.zeros(1, 4000), n_fft=511),
    ],
    ids=["class", "member", "function"],
)
def test_a_warning_names_the_line_of_the_user(make):
    with pytest.warns(EscGpuWarning, match="hold no FFT bin") as caught:
        make()
    assert [warning.filename for warning in caught if warning.category is EscGpuWarning] == [__file__]


@pytest.mark.parametrize("name", ["logmel", "mfcc"])
def test_full_mel_bands_are_not_warned_of(name, recwarn):
    create_frontend(name, "native")
    assert not any("mel bands" in str(warning.message) for warning in recwarn)


@pytest.mark.parametrize("name", ["mfcc", "lfcc", "gfcc"])
def test_one_coefficient_is_the_first_of_many(name):
    waveform = torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    one, many = (create_frontend(name, **{f"n_{name}": n})(waveform) for n in (1, 13))
    torch.testing.assert_close(one, many[:, :, :1])
