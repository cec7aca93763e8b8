"""Files of fewer bits: which operators are touched, and that the page does the same."""

import re
from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.exactness.quantized import WRITERS, frontend_nodes, quantized_table
from tests.helpers.paths import DOCS

CLIPS = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Features by a convolution and a matrix product, then a convolution, a mean and a linear layer."""
    random = np.random.default_rng(1)
    weights = {
        "kernels": random.standard_normal((4, 1, 8)),
        "bands": random.standard_normal((6, 4)),
        "image": random.standard_normal((3, 1, 3, 3)),
        "head": random.standard_normal((2, 3)),
        "bias": np.zeros(2),
    }
    nodes = [
        helper.make_node("Unsqueeze", ["waveform", "one"], ["samples"], name="samples"),
        helper.make_node("Conv", ["samples", "kernels"], ["frames"], name="frames", strides=[4]),
        helper.make_node("MatMul", ["bands", "frames"], ["mel"], name="mel"),
        helper.make_node("Unsqueeze", ["mel", "one"], ["picture"], name="picture"),
        helper.make_node("Conv", ["picture", "image"], ["maps"], name="maps"),
        helper.make_node("ReduceMean", ["maps", "axes"], ["mean"], name="mean", keepdims=0),
        helper.make_node("Gemm", ["mean", "head", "bias"], ["logits"], name="logits", transB=1),
    ]
    constants = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    constants += [numpy_helper.from_array(np.array(value), name) for name, value in (("one", [1]), ("axes", [2, 3]))]
    waveform = helper.make_tensor_value_info("waveform", TensorProto.FLOAT, ["batch", 64])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])
    graph = helper.make_graph(nodes, "tiny", [waveform], [logits], constants)
    file = tmp_path_factory.mktemp("quantized") / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), file)
    return file


def operators(file):
    return Counter(node.op_type for node in onnx.load(file).graph.node)


def stored(file, name):
    """The type in which a constant of the graph is kept; None where it is renamed."""
    return next(
        (TensorProto.DataType.Name(t.data_type) for t in onnx.load(file).graph.initializer if t.name == name), None
    )


def test_the_front_end_ends_at_the_first_convolution_of_an_image(model):
    assert frontend_nodes(model) == ["samples", "frames", "mel", "picture"]


def test_what_is_written_in_fewer_bits(model, tmp_path):
    files = {name: tmp_path / f"{number}.onnx" for number, name in enumerate(WRITERS)}
    for name, write in WRITERS.items():
        write(model, files[name], [clip[None] for clip in CLIPS])
    static, dynamic, half, all_half = files.values()
    assert stored(static, "kernels") == stored(static, "bands") == "FLOAT"
    assert stored(static, "image") is stored(static, "head") is None  # as integers, by other names
    assert operators(dynamic)["MatMulInteger"] == operators(static)["MatMul"] == 1
    assert stored(half, "image") == "FLOAT16" and stored(half, "bands") == "FLOAT"
    assert stored(all_half, "bands") == stored(all_half, "kernels") == "FLOAT16"


def test_the_page_quantizes_the_same_operators(model, tmp_path, monkeypatch):
    (code,) = re.findall(
        r"```python\n(from onnxruntime.quantization.*?)```", (DOCS / "export.md").read_text("utf-8"), re.DOTALL
    )
    monkeypatch.chdir(tmp_path)
    onnx.save(onnx.load(model), "model.onnx")
    exec(code, {"clips": CLIPS})
    assert stored("model-int8.onnx", "bands") == "FLOAT" and stored("model-int8.onnx", "image") is None


def test_a_row_of_the_table():
    row = {
        "name": "int8",
        "file_bytes": 11_260_000,
        "same_class": 399,
        "accuracy": 0.75,
        "largest_difference": 0.123,
        "not_finite": 1,
    }
    result = {
        "clips": 400,
        "test_clips": 80,
        "calibration_clips": 64,
        "largest_logit": 9.0,
        "backbone": "resnet18",
        "frontend": {"name": "logmel"},
        "rows": [{**row, "ms_per_clip": {"median": 5.0}}],
    }
    assert quantized_table(result)[2] == "| int8 | 11.3 | 399 | 1 | 75.00 | 0.12 | 5 |"
