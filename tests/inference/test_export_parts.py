"""The parts of an export, without one: what a file says of itself, how it is written and read."""

import logging
import warnings
from types import SimpleNamespace

import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import esc_gpu.inference.export as exporting
from esc_gpu.inference.agreement import Agreement
from esc_gpu.inference.export import describe, export
from tests.helpers.exported import NAMES, make_pipeline, tones
from tests.helpers.one_line import refusal
from tests.helpers.tiny import RATE


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline()


def test_what_a_file_says_of_itself(pipeline):
    said = describe(pipeline)
    assert (said["class_names"], said["length"], said["min_samples"]) == (NAMES, "fixed", RATE) and len(said) == 13
    assert said["waveform"].startswith("(batch, n_samples) float32, mono") and "embedding" not in said
    said = describe(pipeline, "free", ("logits", "embedding"))
    assert (said["length"], said["min_samples"]) == ("free", 256) and len(said) == 14
    assert said["waveform"].startswith("(batch, samples) float32, mono") and said["embedding"].startswith("(batch, D)")


@pytest.mark.parametrize("is_free", [False, True])
def test_torch_is_asked_for_names_and_for_sizes_that_are_free(monkeypatch, tmp_path, is_free):
    told, outputs = [], ("logits", "embedding")[: 1 + is_free]
    model = SimpleNamespace(graph=SimpleNamespace(initializers={}), metadata_props={})
    written = SimpleNamespace(model=model, save=lambda file: file.touch())
    monkeypatch.setattr(torch.onnx, "export", lambda program, **options: told.append(options) or written)
    monkeypatch.setattr(exporting, "takes_any_length", lambda program: is_free)
    monkeypatch.setattr(exporting, "outputs_of", lambda program: outputs)
    exporting.write_onnx(None, {"task": '"single_label"'}, tmp_path / "model.onnx")
    assert model.metadata_props == {"task": '"single_label"'} and (tmp_path / "model.onnx").exists()
    (options,) = told
    assert options == {
        "verbose": False,
        "opset_version": 18,
        "input_names": ["waveform"],
        "output_names": list(outputs),
        "dynamic_shapes": ({0: "batch", 1: "samples"} if is_free else {0: "batch"},),
    }


@pytest.mark.parametrize("names", [("logits",), ("logits", "embedding")])
def test_an_onnx_file_answers_on_the_cpu_with_what_it_has(tmp_path, monkeypatch, names):
    def value(name):
        return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", "samples"])

    nodes = [
        onnx.helper.make_node(kind, ["waveform"], [name]) for name, kind in zip(names, ("Neg", "Abs"), strict=False)
    ]
    graph = onnx.helper.make_graph(nodes, "two", [value("waveform")], [value(name) for name in names])
    imports = [onnx.helper.make_opsetid("", 18)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=imports, ir_version=10), tmp_path / "model.onnx")
    made, session = [], onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime, "InferenceSession", lambda *given, **options: made.append((given, options)) or session(*given)
    )
    answered = exporting.open_onnx(tmp_path / "model.onnx")(torch.ones(2, 3))
    (((file, options), providers),) = made
    assert (file, options.log_severity_level) == (tmp_path / "model.onnx", 3)  # errors alone
    assert options.intra_op_num_threads == torch.get_num_threads() and providers == {
        "providers": ["CPUExecutionProvider"]
    }
    answers = [answered] if len(names) == 1 else answered
    assert [answer.tolist() for answer in answers] == [[[-1.0] * 3] * 2, [[1.0] * 3] * 2][: len(names)]


def test_a_torch_file_answers_and_has_its_metadata(tmp_path):
    program = torch.export.export(nn.ReLU(), (torch.zeros(2, 3),))
    exporting.write_torch(program, {"task": '"single_label"'}, tmp_path / "model.pt2")
    metadata = {"task": ""}
    torch.export.load(tmp_path / "model.pt2", extra_files=metadata)
    assert metadata == {"task": '"single_label"'}
    assert exporting.open_torch(tmp_path / "model.pt2")(torch.tensor([[-1.0, 0, 1]] * 2)).tolist() == [[0, 0, 1]] * 2


def test_embeddings_that_disagree_are_told_of(pipeline, tmp_path, monkeypatch):
    lengths = []
    for name, stand_in in {
        "trace": lambda *form: None,
        "write_torch": lambda program, metadata, file: file.touch(),
        "open_torch": lambda file: None,
        "measure_agreement": lambda *given: lengths.append(given[-1]) or Agreement(5, 0.2, 1, 0, (), 0.3),
    }.items():
        monkeypatch.setattr(exporting, name, stand_in)
    said = refusal(export, pipeline, tmp_path / "m.pt2", "torch", tones(), False, outputs=("logits", "embedding"))
    assert said.startswith("the exported torch file differs by 0.2 in a logit, by 0.3 in an embedding and predicts ")
    said = refusal(export, pipeline, tmp_path / "m.pt2", "torch", tones(), False, length="free")
    assert said.startswith("the exported torch file differs by 0.2 in a logit and predicts another class for 1 of 5 ")
    assert lengths == [(), (256, RATE // 2 + 1, RATE + RATE // 3 + 1)] and not list(tmp_path.iterdir())


def test_only_the_exporters_are_quiet():
    before = logging.root.manager.disable
    logging.disable(logging.DEBUG)
    try:
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            with exporting.quiet():
                warnings.warn("of the exporter", stacklevel=1)
                assert not logging.getLogger().isEnabledFor(logging.WARNING)
            assert not given and logging.root.manager.disable == logging.DEBUG
            warnings.warn("of another", stacklevel=1)
        assert len(given) == 1
    finally:
        logging.disable(before)
