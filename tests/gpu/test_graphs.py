"""On a GPU each native front-end is one graph that a CUDA graph takes: all on the device, nothing random or changed."""

import pytest
import torch
from torch import nn

from esc_gpu import WaveformClassifier, create_frontend
from tests.helpers.clips import SAMPLES, noise
from tests.helpers.fake_cuda import fake_cuda, faked
from tests.helpers.frontend_cases import NATIVE, each
from tests.helpers.gpu_graphs import graphs, objections


class Faulty(nn.Module):
    def __init__(self, fault):
        super().__init__()
        self.fault = fault
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x):
        return self.fault(self, x)


def graphs_on_cuda(module, dtype=torch.float32):
    with fake_cuda() as mode:
        there, clips = faked(module, mode), torch.empty(2, SAMPLES, dtype=dtype, device="cuda")
        if not isinstance(module, Faulty):
            with torch.no_grad():
                there(clips)  # the tables for this length go to the device
        return graphs(there, clips)


# One of each kind: that the others are one graph, too, the CPU shows.
KINDS = ("logmel-native", "pcen-native", "cqt_long-native", "spectral_contrast-native", "rms-native", "stack-features")


@each({key: NATIVE[key] for key in KINDS})
def test_a_front_end_is_one_graph(case):
    (graph,) = graphs_on_cuda(create_frontend(**case))
    assert objections(graph) == []


def test_from_int16_as_well():
    (graph,) = graphs_on_cuda(create_frontend(**NATIVE["logmel-native"]), torch.int16)
    assert objections(graph) == []


def test_the_whole_model_is_one_graph():
    model = WaveformClassifier(create_frontend(**NATIVE["logmel-native"]), 10, "test_resnet")
    model.fit_normalization(noise(2))
    (graph,) = graphs_on_cuda(model.eval())
    assert objections(graph) == []


FAULTS = {
    "random": lambda module, x: x + torch.rand_like(x),
    "dropout": lambda module, x: nn.functional.dropout(x, 0.5, True),
    "on the CPU": lambda module, x: x[:, :3] * torch.arange(3).to(x.device),
    "changes its input": lambda module, x: x.mul_(2),
    "changes a buffer": lambda module, x: x * module.count.add_(1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_graph_with_a_fault_is_found(fault):
    (graph,) = graphs_on_cuda(Faulty(FAULTS[fault]))
    assert objections(graph)


def test_what_is_not_one_graph_is_found():
    with pytest.raises(Exception, match="(?i)graph break|unsupported"):
        graphs_on_cuda(Faulty(lambda module, x: torch.compiler.disable(torch.neg)(x)))
