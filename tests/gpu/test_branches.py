"""What the code does on a GPU only, done on the CPU: its numbers are those of the CPU's branches."""

import pytest
import torch

from esc_gpu import create_frontend
from esc_gpu.frontends import filterbank
from esc_gpu.frontends.resampling import Resample
from tests.helpers.clips import close, noise
from tests.helpers.frontend_cases import CASES, MEL, each
from tests.helpers.gpu_acted import ActedCuda, acted

RESAMPLED = {"name": "logmel", **MEL, "input_sample_rate": 44100}
INT16 = (noise(3, 20000, seed=5) * 32767).to(torch.int16)


def agrees(layer, waveform):
    """Whether both branches were there to be compared, and give the same."""
    expected, got = layer(waveform), layer(acted(waveform))
    assert isinstance(got, ActedCuda) and got.is_cuda and not expected.is_cuda
    close(got.as_subclass(torch.Tensor), expected)


@each(CASES | {"resampled-native": RESAMPLED})
def test_a_front_end_gives_the_numbers_of_the_cpu(case):
    layer = create_frontend(**case)
    for waveform in noise(3, 20000), INT16:
        agrees(layer, waveform)


@each({key: CASES[key] for key in ("logmel-native", "cqt_long-native", "stack-features")})
def test_and_its_gradient(case):
    layer, gradients = create_frontend(**case), []
    for give in (lambda x: x), acted:
        waveform = noise(2).requires_grad_()
        layer(give(waveform)).square().mean().backward()
        gradients.append(waveform.grad.as_subclass(torch.Tensor))
    close(gradients[1], gradients[0])


@pytest.mark.parametrize(("source", "target"), [(44100, 22050), (48000, 44100), (16000, 44100)])
def test_resampling_gives_the_numbers_of_the_cpu(source, target):
    agrees(Resample(source, target), noise(2, 9000))


FAULTS = {
    "another bank": lambda layer, power: power @ layer.bank.roll(1, 0),
    "half precision": lambda layer, power: (power.half() @ layer.bank.half()).float(),
    "one frame less": lambda layer, power: (power @ layer.bank).roll(1, 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_branch_with_other_numbers_is_found(monkeypatch, fault):
    right = filterbank.FilterbankFrontend.weigh

    def weigh(layer, power):
        return FAULTS[fault](layer, power) if power.is_cuda else right(layer, power)

    monkeypatch.setattr(filterbank.FilterbankFrontend, "weigh", weigh)
    with pytest.raises(AssertionError):
        agrees(create_frontend(**CASES["logmel-native"] | {"scale": "power"}), noise())
