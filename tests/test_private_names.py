"""Private names of torch and Accelerate: which there are, and what happens where a later version has one no more."""

import re

import pytest
import torch
from accelerate.state import AcceleratorState
from torch import nn

from benchmarks.exactness.graphs import compiled
from esc_gpu import create_frontend
from esc_gpu.core.assumed_constant import ASSUMED_CONSTANT
from esc_gpu.frontends.constant_q import ConstantQ
from tests.helpers import private_torch
from tests.helpers.accelerators import create
from tests.helpers.clips import noise
from tests.helpers.frontend_cases import LONG_CQT
from tests.helpers.one_line import refusal
from tests.helpers.paths import REPOSITORY
from tests.helpers.private_torch import find, find_or_skip

# By module: the tests that look with it are skipped, or slower.
LOOKED_WITH = {
    "torch.autograd": ("_profiler_enabled",),
    "torch._dynamo.backends.common": ("aot_autograd",),
    "torch._dynamo.utils": ("counters",),
    "torch.onnx._internal.exporter._onnx_program": ("_LARGE_MODEL_THRESHOLD",),
    "torch._subclasses.fake_tensor": ("FakeTensorMode",),
    "torch.utils._python_dispatch": ("TorchDispatchMode",),
    "torch.utils._pytree": ("tree_leaves",),
}
FASTER_WITH = {
    "torch._export.utils": ("_collect_all_valid_cia_ops_for_namespace",),
    "torch._inductor.cpu_vec_isa": ("VecISA",),
    "torch.fx.proxy": ("CapturedTraceback",),
    "torch.onnx._internal.exporter._registration": ("ONNXRegistry",),
}
# Of nn.Module: methods that are overridden, and would not be called any more.
OVERRIDDEN = ("_apply", "_load_from_state_dict", "_replicate_for_data_parallel")
# They have an underscore, and a page in torch's documentation.
DOCUMENTED = {"torch._check"}
# What the code itself asks for, each with a test below.
ASKED_FOR = {"torch._dynamo"}


def test_no_other_private_module_is_used():
    known = ASKED_FOR | DOCUMENTED | set(LOOKED_WITH) | set(FASTER_WITH)
    found = {}
    for folder in "esc_gpu", "benchmarks", "tools", "examples", "tests":
        for path in (REPOSITORY / folder).rglob("*.py"):
            for name in re.findall(
                r"\b(?:torch|accelerate)(?:\.\w+)*\._[a-z]\w*(?:\.\w+)*", path.read_text(encoding="utf-8")
            ):
                if not name.startswith("torch.__"):
                    found[name] = path
    unknown = {name: path for name, path in found.items() if not name.startswith(tuple(known | {"torch.autograd._"}))}
    assert found and not unknown


@pytest.mark.parametrize(("module", "names"), LOOKED_WITH.items(), ids=LOOKED_WITH)
def test_a_test_that_looks_with_it_is_skipped(monkeypatch, module, names):
    for name in names:
        assert find_or_skip(module, name) is find(module, name)
        monkeypatch.delattr(f"{module}.{name}")
        with pytest.raises(pytest.skip.Exception, match=f"this torch has no {module}.{name}"):
            find_or_skip(module, name)
    assert find(f"{module}.nothing", "name") is None


@pytest.mark.parametrize("gone", [None, *FASTER_WITH, "torch.onnx._internal.exporter._registration.ONNXRegistry"])
def test_tests_go_on_without_what_makes_them_faster(monkeypatch, gone):
    """Either a module or a part of it is not there."""
    monkeypatch.setattr(private_torch, "find", lambda *name: None if gone in (name[0], ".".join(name)) else find(*name))
    registry = find("torch.onnx._internal.exporter._registration", "ONNXRegistry")
    isa = find("torch._inductor.cpu_vec_isa", "VecISA")
    before = getattr(registry, "from_torchlib", None), getattr(isa, "_avx_py_load", None)
    with private_torch.onnx_operators_once(), private_torch.vector_instructions_by_the_compiler():
        if gone is None and None not in before:
            assert registry.from_torchlib != before[0] and isa._avx_py_load == ""
    assert (getattr(registry, "from_torchlib", None), getattr(isa, "_avx_py_load", None)) == before


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_torch_calls_what_is_overridden(name):
    assert callable(getattr(nn.Module, name))


def test_without_the_reset_a_second_precision_is_refused_in_a_line(monkeypatch, tmp_path):
    create(tmp_path, "--train.mixed_precision", "no")
    monkeypatch.delattr(AcceleratorState, "_reset_state")
    assert create(tmp_path, "--train.mixed_precision", "no").mixed_precision == "no"
    message = refusal(create, tmp_path, "--train.mixed_precision", "bf16")
    assert message.startswith("train.mixed_precision=bf16 ") and "restart your runtime" in message


def test_a_function_is_marked_as_torch_marks_it():
    marked = torch.compiler.assume_constant_result(lambda: None)
    assert vars(marked) == {ASSUMED_CONSTANT: True} == vars(ConstantQ.plan_sizes)


@pytest.mark.filterwarnings("ignore")
def test_without_the_mark_the_cqt_gives_the_same_outside_a_compiler(monkeypatch):
    layer, clips = create_frontend("cqt", **LONG_CQT), noise(2)
    expected = layer(clips)
    monkeypatch.delattr(ConstantQ.plan_sizes, ASSUMED_CONSTANT)
    assert torch.equal(layer(clips), expected)
    torch.compiler.reset()
    with pytest.raises(Exception, match="(?i)graph|trace|unsupported|dynamo"):
        compiled(layer, clips, "eager")
    torch.compiler.reset()


def test_without_a_mark_for_the_batch_two_graphs_are_made(monkeypatch):
    layer, graphs = nn.ReLU(), []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph

    compiled(layer, noise(3), backend, any_batch=True)
    assert len(graphs) == 1
    monkeypatch.delattr("torch._dynamo.mark_dynamic")
    compiled(layer, noise(3), backend, any_batch=True)
    assert len(graphs) == 1 + 2
