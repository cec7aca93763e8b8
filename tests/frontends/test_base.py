"""What is no batch of clips: too short, of another type, of another shape."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.images import default_frontends
from esc_gpu.frontends.registry import create_frontend, list_backends, list_frontends
from tests.helpers.one_line import assert_refused

FRONTENDS = {
    "logmel": {"n_fft": 512, "n_mels": 20},
    "mfcc": {"n_fft": 512, "n_mels": 20, "n_mfcc": 13},
    "spectrogram": {"n_fft": 512},
    "cqt": {"fmin": 200.0, "n_bins": 24},
    "stack": {
        "members": [
            {"name": "logmel", "n_fft": 512, "n_mels": 20},
            {"name": "cqt", "fmin": 200.0, "n_bins": 9},
        ]
    },
}


def small(name, backend="auto", **options):
    return create_frontend(name, backend, **{"sample_rate": 16000, **FRONTENDS[name], **options})


@pytest.mark.parametrize(
    ("name", "backend"), [(name, backend) for name in FRONTENDS for backend in list_backends(name)]
)
def test_too_few_samples(name, backend):
    frontend = small(name, backend)
    enough = frontend.min_samples
    assert enough > 1
    frontend(torch.zeros(1, enough))
    assert_refused(lambda: frontend(torch.zeros(1, enough - 1)), name, f"{enough} samples", f"got {enough - 1}", "pad")
    assert_refused(lambda: frontend(torch.zeros(1, 0)), f"{enough} samples", "got 0")


def test_no_samples_with_constant_padding():
    assert_refused(lambda: small("logmel", pad_mode="constant")(torch.zeros(2, 0)), "at least 1 samples", "got 0")


@pytest.mark.parametrize("name", FRONTENDS)
@pytest.mark.parametrize("shape", [(), (4000,), (2, 1, 4000), (1, 2, 1, 4000)])
def test_wrong_number_of_dimensions(name, shape):
    assert_refused(lambda: small(name)(torch.zeros(shape)), "(B, T)", str(shape))


@pytest.mark.parametrize("name", FRONTENDS)
@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int32, torch.int64, torch.bool, torch.complex64])
def test_wrong_dtype(name, dtype):
    assert_refused(lambda: small(name)(torch.zeros(1, 4000, dtype=dtype)), "int16", str(dtype))


@pytest.mark.parametrize(
    ("waveform", "message"),
    [(torch.zeros(0, 44100), "holds no clips"), ([[0.0] * 44100], "is a tensor, got list")],
    ids=["empty batch", "list"],
)
def test_what_is_no_batch_of_clips(waveform, message):
    with pytest.raises(EscGpuError, match=message):
        create_frontend("logmel")(waveform)


def test_what_the_classes_say_of_themselves():
    """Whose values lie around 0, and who windows int16 or reduces the whole power spectrum."""
    layers = default_frontends(16000, sorted({*list_frontends()} - {"stack", "delta", "model_input"}))
    of_power = {"spectrogram", "logmel", "mfcc", "lfcc", "gammatone", "gfcc", "chroma", "pcen", "spectral_flatness"}
    of_power |= {"spectral_centroid", "spectral_bandwidth", "spectral_rolloff", "spectral_contrast"}
    there = SimpleNamespace(is_cuda=True, dtype=torch.int16)
    assert {name for name, layer in layers.items() if layer.is_signed} == {"mfcc", "lfcc", "gfcc", "kaldi_mfcc"}
    assert {name for name, layer in layers.items() if layer.takes_as_int16(there)} == of_power
    assert {name for name, layer in layers.items() if layer.n_channels != 1 or layer.n_dropped or layer.is_cut} == set()


def test_int16_is_windowed_on_a_gpu_where_nothing_stands_before_the_window():
    there = SimpleNamespace(is_cuda=True, dtype=torch.int16)
    assert small("logmel").takes_as_int16(there)
    for other in {"is_cuda": False}, {"dtype": torch.float32}:
        assert not small("logmel").takes_as_int16(SimpleNamespace(**vars(there) | other))
    for options in {"backend": "nnaudio"}, {"preemphasis": 0.97}, {"preemphasis": 1.0}, {"input_sample_rate": 8000}:
        assert not small("logmel", **options).takes_as_int16(there)


def test_what_comes_before_the_frames_changes_the_clips():
    assert not small("logmel").changes_clips
    for options in {"preemphasis": 1.0}, {"preemphasis": 0.5}, {"input_sample_rate": 8000}, {"pad_short": True}:
        assert small("logmel", **options).changes_clips
    assert small("logmel", pad_short=True).min_samples == 1


def test_times_have_the_precision_of_float32_also_of_hours():
    layer = create_frontend("rms", sample_rate=44100, hop_length=441)
    expected = (np.arange(0, 10**6, dtype=np.float64) / 100).astype(np.float32)
    assert torch.equal(layer.times(10**6), torch.from_numpy(expected))
