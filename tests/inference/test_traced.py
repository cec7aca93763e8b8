"""Graphs for clips of any length, and with the embedding: what the pipeline gives, or one line on why there is none."""

import copy
import json

import onnx
import pytest
import torch
from torch import nn
from torch.export import Dim

import esc_gpu.inference.export as exporting
from esc_gpu import EscGpuError
from esc_gpu.inference import traced
from esc_gpu.inference.export import SUFFIXES, export
from esc_gpu.inference.pipeline import Pipeline
from esc_gpu.model.explain import embed
from tests.helpers.exported import LOGMEL, NAMES, OPEN, each_format, make_pipeline, tones
from tests.helpers.tiny import RATE

pytestmark = pytest.mark.usefixtures("onnx_operators")


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline()


@pytest.fixture(scope="module")
def resampling():
    """A pipeline that resamples, cuts each clip at a range under its own maximum, rolls it, and ends with a ResNet."""
    made = make_pipeline({**LOGMEL, "sample_rate": RATE // 2, "input_sample_rate": RATE})
    made.model.test_shifts = 3
    return made


@pytest.fixture(scope="module")
def free(resampling, tmp_path_factory):
    """The files of both formats for clips of any length, with embeddings, and how far they agree."""
    folder, form = tmp_path_factory.mktemp("free"), {"length": "free", "outputs": ("logits", "embedding")}
    program = exporting.trace(resampling, **form)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "trace", lambda *form: program)
        return {
            format: (file, export(resampling, file, format, tones(), progress=False, **form))
            for format, file in ((name, folder / f"model{suffix}") for name, suffix in SUFFIXES.items())
        }


@each_format
def test_a_free_length_agrees_at_any(resampling, free, format):
    file, agreement = free[format]
    least = traced.least_samples(resampling, "free")
    assert agreement.holds and agreement.lengths == (least, RATE // 2 + 1, RATE + RATE // 3 + 1)
    answer = OPEN[format](file)
    for n_clips, n_samples in (1, least), (3, least + 1), (2, 2 * least), (2, 4097), (1, RATE), (2, 3 * RATE + 7):
        clips = tones(n_clips, n_samples / RATE)
        logits, embeddings = answer(clips)
        torch.testing.assert_close(logits, resampling.model(clips), rtol=0, atol=1e-4)
        torch.testing.assert_close(embeddings, embed(resampling.model, clips), rtol=1e-4, atol=1e-4)


def test_what_a_file_of_a_free_length_says(resampling, free):
    graph = onnx.load(free["onnx"][0])
    shapes = [
        [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.graph.input, *graph.graph.output)
    ]
    assert shapes[0] == ["batch", "samples"] and shapes[1][1] == 3
    assert shapes[2][1] == resampling.model.backbone.num_features
    assert [output.name for output in graph.graph.output] == ["logits", "embedding"]
    assert {node.domain for node in graph.graph.node} == {""}
    found = {entry.key: json.loads(entry.value) for entry in graph.metadata_props}
    assert found["length"] == "free" and found["min_samples"] == traced.least_samples(resampling, "free") < RATE
    assert found["n_samples"] == RATE and found["waveform"].startswith("(batch, samples) ") and "embedding" in found


def test_a_clip_under_the_least_is_refused(free):
    with pytest.raises(AssertionError, match=r"Guard failed: waveform.size\(\)\[1\] >= "):
        OPEN["torch"](free["torch"][0])(torch.zeros(1, 100))
    with pytest.raises(Exception, match="Pad reflect"):
        OPEN["onnx"](free["onnx"][0])(torch.zeros(1, 100))


def test_the_example_is_wide_and_no_multiple_of_a_hop(pipeline):
    """Of 200 frames: 199 hops, a third of one more, and a sample."""
    assert traced.example_samples(pipeline) == 199 * 256 + 85 + 1


def test_torch_is_asked_for_sizes_that_are_free(pipeline, monkeypatch):
    told, cut = [], []
    monkeypatch.setattr(torch.export, "export", lambda *given, **options: told.append((*given, options)) or "program")
    monkeypatch.setattr(traced, "remove_asserts", cut.append)
    model = copy.deepcopy(pipeline.model).to(memory_format=torch.channels_last)
    other = Pipeline(model, NAMES, 1.0)
    assert traced.trace(other) == "program" and cut == []
    assert traced.trace(other, "free", ("logits", "embedding")) == "program" and cut == ["program"]
    (fixed, (clips,), options), (free, (longer,), free_options) = told
    assert fixed is model and clips.shape == (2, RATE) and longer.shape == (2, traced.example_samples(other))
    assert isinstance(free, traced.WithEmbedding) and free.model is not model
    are_contiguous = [all(weight.is_contiguous() for weight in each.parameters()) for each in (model, free.model)]
    assert are_contiguous == [False, True]
    deferred = [form.pop("prefer_deferred_runtime_asserts_over_guards") for form in (options, free_options)]
    (dimensions,), (free_dimensions,) = options.pop("dynamic_shapes"), free_options.pop("dynamic_shapes")
    assert deferred == [False, True] and options == free_options == {}
    assert [dimensions.keys(), free_dimensions.keys()] == [{0}, {0, 1}] and free_dimensions[1].min == 256


class Halved(nn.Module):
    """A layer that is traced with an assertion of a size."""

    def forward(self, waveform):
        torch._check(waveform.shape[1] % 2 == 0)
        return 2 * waveform


def test_what_is_asserted_of_a_size_is_taken_out_with_what_it_was_made_of():
    program = torch.export.export(
        Halved(),
        (torch.zeros(2, 10),),
        dynamic_shapes=({1: Dim("samples")},),
        prefer_deferred_runtime_asserts_over_guards=True,
    )
    assert traced.ASSERTION in {str(node.target) for node in program.graph.nodes}
    traced.remove_asserts(program)
    assert [str(node.target) for node in program.graph.nodes if node.op == "call_function"] == ["aten.mul.Tensor"]
    assert "_assert_scalar" not in program.graph_module.code


def test_graphs_that_there_are_none_of(pipeline, tmp_path):
    def message(pipeline, **form):
        with pytest.raises(EscGpuError) as raised:
            export(pipeline, tmp_path / "model.pt2", "torch", tones(), progress=False, **form)
        assert "\n" not in str(raised.value) and not list(tmp_path.iterdir())
        return str(raised.value)

    assert "length must be one of fixed, free, got 'any'" in message(pipeline, length="any")
    assert message(pipeline, outputs=("embedding",)).startswith("outputs are embedding; expected logits or")
    without = make_pipeline(with_resnet=False)
    assert "test_resnet gives no embedding" in message(without, outputs=("logits", "embedding"))
    cut = make_pipeline({"name": "model_input", "member": LOGMEL, "image_frames": 30})
    assert "(image_frames of model_input cuts longer clips" in message(cut, length="free")
    short = Pipeline(pipeline.model, NAMES, 255 / RATE)
    assert "takes 256 samples or more, and the model's clips have 255" in message(short, length="free")
    traced.check_graph(Pipeline(pipeline.model, NAMES, 256 / RATE), "free", ("logits",))
