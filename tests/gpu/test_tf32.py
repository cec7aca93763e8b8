"""TF32 emulated: whatever the user allows, by torch's old or its new way, no front-end's forward pass changes."""

import contextlib

import pytest
import torch
import torch.nn.functional as F

from esc_gpu import create_frontend, functional
from esc_gpu.frontends import base
from esc_gpu.frontends.backends import nnaudio
from tests.helpers.clips import noise
from tests.helpers.frontend_cases import CASES, MEL, TRAINABLE, each
from tests.helpers.gpu_acted import TF32, acted, to_ten_bits

BACKENDS = torch.backends


def allow_old_flags():
    BACKENDS.cuda.matmul.allow_tf32 = BACKENDS.cudnn.allow_tf32 = True


def allow_own():
    BACKENDS.cuda.matmul.fp32_precision = BACKENDS.cudnn.conv.fp32_precision = "tf32"


def allow_for_cuda():
    BACKENDS.cudnn.fp32_precision = "tf32"


def allow_for_all():
    BACKENDS.fp32_precision = "tf32"


SETTINGS = {
    "default": lambda: None,
    "set_float32_matmul_precision": lambda: torch.set_float32_matmul_precision("high"),
    "allow_tf32": allow_old_flags,
    "own fp32_precision": allow_own,
    "fp32_precision of CUDA": allow_for_cuda,
    "fp32_precision of all": allow_for_all,
}


@pytest.fixture(autouse=True)
def defaults():
    yield
    torch.set_float32_matmul_precision("highest")
    BACKENDS.fp32_precision = BACKENDS.cudnn.fp32_precision = BACKENDS.cuda.matmul.fp32_precision = "none"
    BACKENDS.cudnn.conv.fp32_precision = BACKENDS.cudnn.rnn.fp32_precision = "tf32"


def differs(layer, waveform, setting):
    """Whether the forward pass gives other numbers with a setting, and what the emulation saw."""
    expected = layer(waveform)
    SETTINGS[setting]()
    with TF32() as emulated:
        got = layer(waveform)
    return not torch.equal(got, expected), emulated


def test_ten_bits_are_ten_bits():
    values = torch.tensor([1.0, 1 + 2**-10, 1 + 2**-11, 1 + 3 * 2**-11, -1 - 2**-10, 3e-39, 0.0])
    expected = torch.tensor([1.0, 1 + 2**-10, 1.0, 1 + 2**-9, -1 - 2**-10, 3e-39, 0.0])
    assert torch.allclose(to_ten_bits(values), expected, rtol=0, atol=1e-41)


@pytest.mark.parametrize("setting", SETTINGS)
@each(CASES | TRAINABLE | {"resampled-native": {"name": "logmel", **MEL, "input_sample_rate": 44100}})
def test_no_forward_pass_changes(case, setting):
    layer = create_frontend(**case).requires_grad_(False)
    changed, emulated = differs(layer, acted(noise(2)), setting)
    assert not changed and not emulated.rounded


@pytest.mark.parametrize("setting", SETTINGS)
def test_resampling_as_a_function_does_not_change(setting):
    changed, emulated = differs(lambda waveform: functional.resample(waveform, 44100, 22050), acted(noise(2)), setting)
    assert not changed and emulated.seen and not emulated.rounded


@pytest.mark.parametrize("setting", SETTINGS)
def test_of_nothing_that_the_user_set_anything_is_left_changed(setting):
    SETTINGS[setting]()
    each_setting = BACKENDS, BACKENDS.cudnn, BACKENDS.cuda.matmul, BACKENDS.cudnn.conv, BACKENDS.cudnn.rnn
    before = [one.fp32_precision for one in each_setting]
    for key in "logmel-native", "logmel-nnaudio":
        create_frontend(**CASES[key])(acted(noise(2)))
        assert [one.fp32_precision for one in each_setting] == before


@pytest.mark.parametrize("setting", [name for name in SETTINGS if name != "default"])
def test_without_the_context_a_product_in_tf32_is_found(monkeypatch, setting):
    monkeypatch.setattr(base, "full_precision", contextlib.nullcontext())
    changed, emulated = differs(create_frontend(**CASES["logmel-native"]), acted(noise(2)), setting)
    assert changed and emulated.rounded


@pytest.mark.parametrize("setting", SETTINGS)
def test_without_the_context_a_convolution_in_tf32_is_found(monkeypatch, setting):
    """cuDNN takes TF32 also where nothing was set."""
    for module in base, nnaudio:
        monkeypatch.setattr(module, "full_precision", contextlib.nullcontext())
    changed, emulated = differs(create_frontend(**CASES["logmel-nnaudio"]), acted(noise(2)), setting)
    assert changed and emulated.rounded


def test_the_emulation_sees_products_and_convolutions():
    x = noise(4, 64)
    with TF32() as emulated:
        F.conv1d(x[:, None], x[:2, None, :8])
        x @ x.T
        torch.bmm(x[None], x.T[None])
        torch.addmm(x[:, :4], x, x.T)
    assert emulated.seen == 4 and emulated.rounded == 1
