"""PCEN: its smoother against scipy, and its trainable parameters."""

import numpy as np
import pytest
import scipy.signal
import torch

from esc_gpu.frontends.registry import create_frontend
from tests.helpers.descriptor_cases import make, noise
from tests.helpers.float64 import in_float64


@pytest.mark.parametrize("n_frames", [1, 2, 255, 256, 257, 1000])
@pytest.mark.parametrize("time_constant", [0.001, 0.4, 30.0])
def test_smoother_is_the_recurrence_of_lfilter(n_frames, time_constant):
    frontend = in_float64(create_frontend("pcen", n_mels=3, time_constant=time_constant))
    energy = np.random.default_rng(0).uniform(0, 5, (2, n_frames, 3))
    t = time_constant * 44100 / 512
    s = (np.sqrt(1 + 4 * t**2) - 1) / (2 * t**2)
    zi = np.full((2, 1, 3), scipy.signal.lfilter_zi([s], [1, s - 1])[0])
    expected, _ = scipy.signal.lfilter([s], [1, s - 1], energy, axis=1, zi=zi)
    np.testing.assert_allclose(frontend.smooth(torch.from_numpy(energy)).numpy(), expected, rtol=1e-9)


def test_trainable_pcen_starts_as_the_frozen_one_and_trains():
    frontend = make("pcen-trainable")
    output = frontend(noise())
    # exp of a float32 logarithm: 1e-6 of the exponent 0.98 of numbers up to 1e10.
    torch.testing.assert_close(output, make("pcen")(noise()), rtol=1e-4, atol=1e-5)
    output.square().mean().backward()
    assert {name: len(parameter) for name, parameter in frontend.named_parameters()} == {
        "log_gain": 20,
        "log_bias": 20,
        "log_power": 20,
    }
    assert all(parameter.grad.any() for parameter in frontend.parameters())
    torch.optim.SGD(frontend.parameters(), lr=1e-3).step()
    twin = create_frontend(**frontend.spec)
    assert not torch.equal(twin(noise()), frontend(noise()))
    twin.load_state_dict(frontend.state_dict())
    assert torch.equal(twin(noise()), frontend(noise()))
