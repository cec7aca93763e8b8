"""Every front-end on a CUDA device that holds no data: nothing of the CPU meets it, and the host never waits."""

import pytest
import torch

from esc_gpu import create_frontend
from esc_gpu.frontends.base import Frontend
from tests.helpers.clips import SAMPLES
from tests.helpers.fake_cuda import CUDA, fake_cuda, faked, hindrances
from tests.helpers.frontend_cases import CASES, each


@each(CASES)
def test_a_call_neither_waits_nor_copies(case):
    layer = create_frontend(**case)
    with fake_cuda() as mode:
        layer = faked(layer, mode, "cpu").to("cuda")
        clips = torch.empty(4, max(SAMPLES, layer.min_samples), device="cuda")
        with torch.no_grad(), torch.autocast("cuda", torch.bfloat16):
            for waveform in clips.to(torch.int16), clips:
                layer(waveform)  # tables for this length go to the device
                assert hindrances(lambda waveform=waveform: layer(waveform)) == []
                features = layer(waveform)
                assert features.device.type == "cuda" and features.dtype == torch.float32
                assert features.shape[1:] == layer.output_shape(waveform.shape[1])


class Faulty(Frontend):
    """A front-end with a fault of each kind."""

    name = "faulty"

    def __init__(self, fault):
        super().__init__(160)
        self.fault = fault

    def features(self, waveform, shared=None):
        return self.fault(self, waveform[:, None, None])


WAITS = {
    "item": lambda layer, x: x / x.max().item(),
    "whether": lambda layer, x: x if x.any() else -x,
    "mask": lambda layer, x: x[x > 0],
    "written by a mask": lambda layer, x: x.clone().index_put_((x > 0,), x.new_zeros(())),
    "nonzero": lambda layer, x: x.nonzero(),
    "masked_select": lambda layer, x: x.masked_select(x > 0),
    "unique": lambda layer, x: x.unique(),
    "to the CPU": lambda layer, x: x.cpu(),
    "from the CPU": lambda layer, x: x[..., :3] * layer.constant.to(x.device),
    "made by the host": lambda layer, x: x[..., :2] * torch.tensor([1.0, 2.0], device=x.device),
    "filled by the host": lambda layer, x: torch.empty(3, device=x.device).copy_(layer.constant),
}


def faulty(fault, mode):
    layer = faked(Faulty(fault), mode)
    layer.constant = torch.ones(3)  # no buffer, so it stays on the CPU
    return layer


@pytest.mark.parametrize("fault", WAITS)
def test_a_front_end_that_waits_or_copies_is_found(fault):
    with fake_cuda() as mode, torch.no_grad():
        layer, waveform = faulty(WAITS[fault], mode), torch.empty(2, 800, device="cuda")
        assert hindrances(lambda: layer(waveform))


def test_a_copy_for_which_nobody_waits_is_found_as_well():
    with fake_cuda() as mode, torch.no_grad():
        layer = faulty(lambda layer, x: x[..., :3] * layer.constant.to(x.device, non_blocking=True), mode)
        assert hindrances(lambda: layer(torch.empty(2, 800, device=CUDA))) == ["_to_copy: cpu -> cuda"]


def test_a_constant_that_stays_on_the_cpu_is_found():
    with fake_cuda() as mode, torch.no_grad():
        layer = faulty(lambda layer, x: x[..., :3] * layer.constant, mode)
        with pytest.raises(RuntimeError, match="device"):
            hindrances(lambda: layer(torch.empty(2, 800, device="cuda")))
