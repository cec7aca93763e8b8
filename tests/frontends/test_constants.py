"""Constants of front-ends: made on the CPU whatever the default device is, and there after `to_empty`."""

import copy

import pytest
import torch

from esc_gpu import EscGpuError, WaveformClassifier, create_frontend
from esc_gpu.frontends.constants import constants
from tests.helpers.clips import noise
from tests.helpers.frontend_cases import NATIVE, OTHERS, each

META = torch.device("meta")


@each({**NATIVE, **OTHERS})
def test_a_front_end_is_the_same_under_any_default_device_and_emptied(case):
    expected = create_frontend(**case)
    waveform = noise(2, max(3000, expected.min_samples))
    features = expected(waveform)
    with META:
        layer = create_frontend(**case)
        assert layer.times(3).device.type == layer.frequencies.device.type == "cpu"
        assert torch.equal(layer(waveform), features)
    assert {tensor.device.type for tensor in (*layer.buffers(), *layer.parameters())} == {"cpu"}
    assert all(torch.equal(constants(layer)[name], value) for name, value in constants(expected).items())
    for start in "cpu", META:  # where the constants are, and where there are none
        layer.to(start).to_empty(device="cpu")
        assert all(torch.equal(constants(layer)[name], value) for name, value in constants(expected).items())
        layer.load_state_dict(expected.state_dict())
        assert torch.equal(layer(waveform), features)


def test_a_model_built_without_data_is_the_one_whose_weights_it_loads():
    case = NATIVE["stack-features"]
    model = WaveformClassifier(create_frontend(**case), 3, "test_resnet")
    waveform = noise(2, 8000)
    model.fit_normalization(waveform)
    with META:
        other = WaveformClassifier(create_frontend(**case), 3, "test_resnet")
    other.to_empty(device="cpu")
    with pytest.raises(EscGpuError, match="no normalisation statistics yet"):
        other.eval()(waveform)
    other.load_state_dict(copy.deepcopy(model.state_dict()))
    assert torch.equal(other(waveform), model.eval()(waveform))


def test_constants_keep_their_precision_and_follow_the_module():
    layer, waveform = create_frontend(**NATIVE["cqt-native"]), noise(2, 8000)
    expected = layer(waveform)
    doubled = copy.deepcopy(layer).double()
    assert {buffer.dtype for buffer in doubled.buffers()} == {torch.float64}
    assert torch.equal(doubled.float()(waveform), expected) and torch.equal(layer.half()(waveform), expected)
    assert all(buffer.is_meta for buffer in layer.to(META).buffers())
