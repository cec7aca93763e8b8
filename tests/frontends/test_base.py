"""What is no batch of clips: too short, of another type, of another shape."""

import pytest
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import create_frontend, list_backends
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
