"""Functions give what the layers give, and their errors."""

import inspect

import pytest
import torch

from esc_gpu import EscGpuError, create_frontend, functional, list_frontends
from esc_gpu.frontends import functions
from esc_gpu.frontends.resampling import Resample
from tests.helpers.backends import needs_torchaudio

WAVEFORM = torch.rand(2, 44100, generator=torch.Generator().manual_seed(0)) - 0.5
NESTED = {"stack": {"members": [{"name": "logmel"}, {"name": "mfcc"}]}, "delta": {"member": {"name": "mfcc"}}}
NESTED["model_input"] = {"member": {"name": "mfcc"}, "mean": -5.0}


@pytest.mark.parametrize("name", list_frontends())
def test_it_is_the_layer(name):
    function, options = getattr(functional, name), NESTED.get(name, {})
    assert torch.equal(function(WAVEFORM, **options), create_frontend(name, **options)(WAVEFORM))
    assert name in dir(functional) and function.__name__ == name
    layer_options = create_frontend(name, **options).options
    assert list(inspect.signature(function).parameters) == ["waveform", "backend", *layer_options]
    assert "Raises" in function.__doc__


def test_the_layer_is_kept():
    functional.rms(WAVEFORM, hop_length=333)
    misses = functions._layer.cache_info().misses
    functional.rms(WAVEFORM, hop_length=333)
    assert functions._layer.cache_info().misses == misses


@needs_torchaudio
def test_options_and_backend_are_passed_on():
    actual = functional.logmel(WAVEFORM, backend="torchaudio", n_mels=40, top_db=None)
    assert torch.equal(actual, create_frontend("logmel", "torchaudio", n_mels=40, top_db=None)(WAVEFORM))


def test_resample():
    assert torch.equal(functional.resample(WAVEFORM, 44100, 16000), Resample(44100, 16000)(WAVEFORM))


def test_mistakes():
    with pytest.raises(EscGpuError, match="did you mean 'n_mels'"):
        functional.logmel(WAVEFORM, n_mel=3)
    with pytest.raises(EscGpuError, match="is a tensor"):
        functional.logmel([0.0])
    with pytest.raises(EscGpuError, match="cannot be trained.*create_frontend"):
        functional.logmel(WAVEFORM, trainable_mel=True)
    with pytest.raises(EscGpuError, match="plain types"):
        functional.stack(WAVEFORM, members=[create_frontend("logmel")])
    with pytest.raises(AttributeError, match="logmell"):
        functional.logmell  # noqa: B018


def test_what_is_kept_from_inference_mode_trains_later():
    with torch.inference_mode():
        functional.logmel(WAVEFORM, n_fft=1000)
        functional.resample(WAVEFORM, 44100, 14700)
    waveform = WAVEFORM.clone().requires_grad_()
    (functional.logmel(waveform, n_fft=1000).sum() + functional.resample(waveform, 44100, 14700).sum()).backward()
    assert waveform.grad.any()


def test_resample_stays_float32_and_checks_its_rates():
    expected = functional.resample(WAVEFORM, 44100, 16000)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(functional.resample(WAVEFORM, 44100, 16000), expected)
    for rate in (0, -1, "16000", 16000.5):
        with pytest.raises(EscGpuError, match="output_rate must be an integer"):
            functional.resample(WAVEFORM, 44100, rate)
    with pytest.raises(EscGpuError, match="1 Hz in common: take rates with a larger common divisor"):
        functional.resample(WAVEFORM, 44100, 44101)
