"""Training with `torch.compile`: the losses of eager training, the names of its checkpoint, fold after fold."""

import os
import shutil

import pytest
import torch
from torch import nn

from esc_gpu.training import loop as training
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.loop import train_fold
from tests.helpers.private_torch import find_or_skip
from tests.helpers.tiny import parsed
from tests.helpers.tiny_fold import tiny_fold

needs_compiler = pytest.mark.skipif(
    not any(shutil.which(name) for name in ("g++", "c++", os.environ.get("CXX")) if name),
    reason="inductor needs a C++ compiler",
)


def train(mode, folder, fold):
    folder.mkdir()
    config = parsed("--train.eval_every", "1", "--train.compile", mode)
    return train_fold(config, create_accelerator(config, folder), tiny_fold(), fold, folder)


def assert_two_folds_are_as_eager(folder, monkeypatch):
    """In one process: the second fold's model must not run the first one's graph."""
    casts = []
    monkeypatch.setattr(training, "half_weights", lambda *given: casts.append(given) or {})
    for fold in (1, 2):
        eager, compiled = (train(mode, folder / f"{mode}{fold}", fold) for mode in ("no", "default"))
        assert len(casts) == 4 * fold  # of the eager steps: a compiled one has casts of its own
        for here, there in zip(eager.history, compiled.history, strict=True):
            # Four steps of float32 in another order; the test clips are computed without the graphs.
            assert there["loss"] == pytest.approx(here["loss"], abs=1e-4)
            assert there["test_loss"] == pytest.approx(here["test_loss"], abs=1e-4)
        saved = [torch.load(folder / f"{mode}{fold}" / "state.pt")["model"] for mode in ("no", "default")]
        assert list(saved[0]) == list(saved[1]) == list(compiled.model.state_dict())
        assert saved[1]["backbone.bn1.num_batches_tracked"] == 4  # of all steps


@pytest.fixture
def graphs():
    """Counts of what is compiled."""
    counters = find_or_skip("torch._dynamo.utils", "counters")
    counters.clear()
    yield counters
    torch.compiler.reset()


def test_the_graphs_of_a_resnet_train_as_eager(tmp_path, monkeypatch, graphs):
    """Traced, and differentiated ahead of time, but run by torch's own kernels: C++ for a ResNet takes a minute."""
    compile_ = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda call, mode, dynamic: compile_(call, backend="aot_eager", dynamic=dynamic)
    )
    assert_two_folds_are_as_eager(tmp_path, monkeypatch)
    assert graphs["aot_autograd"]["ok"] == 4 and not graphs["graph_break"]  # front-end and backbone, in each fold


class SmallBackbone(nn.Sequential):
    """Convolution, batch norm, pooling, classes."""

    def __init__(self, num_classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 4, 3, stride=2, bias=False), nn.BatchNorm2d(4)
        self.end = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, num_classes))


@needs_compiler
@pytest.mark.usefixtures("vector_instructions")
def test_compiled_to_cpp_a_small_backbone_trains_as_eager(tmp_path, monkeypatch, graphs):
    build = training.build_model

    def build_small(config, num_classes, *start):
        model = build(config, num_classes, *start)
        model.backbone = SmallBackbone(num_classes)
        return model

    monkeypatch.setattr(training, "build_model", build_small)
    assert_two_folds_are_as_eager(tmp_path, monkeypatch)
    assert graphs["inductor"]["fxgraph_cache_miss"] + graphs["inductor"]["fxgraph_cache_hit"] > 0
