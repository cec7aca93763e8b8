"""A pipeline exported to one file: every config, without this package, checked before it is there."""

import functools
import json
import re
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import onnx
import onnx_ir
import pytest
import soundfile
import torch
from torch import nn

import esc_gpu.inference.export as exporting
from esc_gpu import EscGpuError, create_frontend
from esc_gpu.config.parse import parse_run
from esc_gpu.inference.export import SUFFIXES, describe, export
from esc_gpu.inference.pipeline import Pipeline
from tests.helpers.backends import each_backend
from tests.helpers.exported import LOGMEL, NAMES, OPEN, each_format, execute, make_pipeline, tones
from tests.helpers.paths import DOCS, REPOSITORY
from tests.helpers.private_torch import find
from tests.helpers.tiny import RATE

pytestmark = pytest.mark.usefixtures("onnx_operators")

# A plain feature, two that learn, and a stack; each front-end's own graph is in frontends/test_graphs.py.
CONFIGS = [
    REPOSITORY / f"configs/{name}.yaml" for name in ("logmel", "pcen", "nnaudio_trainable_logmel", "logmel_mfcc_cqt")
]
PAGE = DOCS / "export.md"


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline()


@pytest.fixture(scope="module")
def program(pipeline):
    """The pipeline's graph, which takes the longest to make."""
    return exporting.trace(pipeline)


@pytest.fixture(scope="module")
def exported(pipeline, program, tmp_path_factory):
    """The files of both formats."""
    folder = tmp_path_factory.mktemp("exported")
    files = {format: folder / f"model{suffix}" for format, suffix in SUFFIXES.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "trace", lambda *form: program)
        for format, file in files.items():
            export(pipeline, file, format, tones(), progress=False)
    return files


def fit(options):
    """A config's front-end for 8 kHz: of few octaves, each a graph, and with frames enough in a second and a half."""
    options = {**options, "hop_length": 256} if "hop_length" in options else dict(options)
    if options["name"] == "cqt":
        options["n_bins"] = 36
    if "members" in options:
        options["members"] = [fit(member) for member in options["members"]]
    return {**options, "member": fit(options["member"])} if "member" in options else options


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_a_config_is_exported_and_agrees(config, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "trace", functools.cache(exporting.trace))  # both formats are made of one graph
    options = fit(parse_run(["--config", str(config)], "train.py").frontend.arguments())
    pipeline, clips = make_pipeline(options, seconds=1.5, with_resnet=False), tones(seconds=1.5)
    with torch.no_grad():
        expected = pipeline(clips)
    for format, suffix in SUFFIXES.items():
        agreement = export(pipeline, tmp_path / f"model{suffix}", format, clips, progress=False)
        assert agreement.n_clips == len(clips) and agreement.holds
        answer = OPEN[format](tmp_path / f"model{suffix}")
        for n in 1, len(clips):
            torch.testing.assert_close(answer(clips[:n]), expected[:n], rtol=0, atol=1e-3)
    if options.get("trainable") or options.get("trainable_mel"):  # what it has learnt is in the files
        with torch.no_grad():
            unlearnt = create_frontend(**{"sample_rate": RATE, **options})
            pipeline.model.frontend.load_state_dict(unlearnt.state_dict())
            assert (pipeline(clips) - expected).abs().max() > 0.01


# ---- the file


def test_metadata(pipeline, exported):
    graph = onnx.load(exported["onnx"])
    extra = dict.fromkeys(describe(pipeline), "")
    torch.export.load(exported["torch"], extra_files=extra)
    for texts in {entry.key: entry.value for entry in graph.metadata_props}, extra:
        found = {name: json.loads(text) for name, text in texts.items()}
        assert found == json.loads(json.dumps(describe(pipeline)))
        assert found["class_names"] == NAMES and found["sample_rate"] == RATE == found["n_samples"]
        assert found["waveform"].startswith("(batch, n_samples) ") and "Hühner" in texts["class_names"]
        assert found["clip_seconds"] == 1 and found["licence"] == "CC BY 3.0" and "softmax" in found["logits"]
        assert create_frontend(**found["frontend"]).spec == pipeline.model.frontend.spec
    assert describe(Pipeline(pipeline.model, NAMES, 1.0))["licence"] is None


def test_an_onnx_file_is_complete_and_its_batch_free(exported):
    onnx.checker.check_model(exported["onnx"], full_check=True)
    model = onnx.load(exported["onnx"], load_external_data=False)
    graph = model.graph
    assert [(operators.domain, operators.version) for operators in model.opset_import] == [("", 18)]  # as the page says
    shapes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert shapes == {"waveform": ["batch", RATE], "logits": ["batch", 3]}
    assert all(tensor.data_location == onnx.TensorProto.DEFAULT for tensor in graph.initializer)
    assert {node.domain for node in graph.node} == {""}  # operators of the standard only
    assert sorted(path.name for path in exported["onnx"].parent.iterdir()) == ["model.onnx", "model.pt2"]


@each_format
def test_clips_of_another_length_are_refused(exported, format):
    answer = OPEN[format](exported[format])
    with pytest.raises(Exception, match=r"(?i)invalid dimensions|guard failed"):
        answer(torch.zeros(1, RATE + 1))


@pytest.fixture
def demo(exported, tmp_path):
    """The folder in which the page's Python runs, and its two parts."""
    folder = tmp_path / "runs" / "demo" / "fold1"
    folder.mkdir(parents=True)
    for file in exported.values():
        shutil.copy(file, folder)
    without_torch, with_torch, _ = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return tmp_path, without_torch, with_torch


def test_the_page_shows_how_to_use_an_onnx_file(pipeline, demo):
    folder, code, _ = demo
    dog = tones()[2]  # in stereo and twice as long
    soundfile.write(folder / "dog.wav", torch.stack([dog, dog], 1).tile(2, 1).numpy(), RATE, "FLOAT")
    printed = execute(code, folder, "esc_gpu", "torch", "onnx")
    assert printed == f"{NAMES[pipeline(dog[None]).argmax(1)]}\n"


def test_a_torch_file_needs_torch_only_and_is_used_as_the_page_shows(pipeline, demo):
    folder, _, code = demo
    np.save(folder / "clips.npy", tones().numpy())
    code += """
import numpy
numpy.save("logits.npy", model(torch.from_numpy(numpy.load("clips.npy"))).detach().numpy())
"""
    printed = execute(code, folder, "esc_gpu", "timm", "nnAudio", "accelerate")
    assert printed == f"{[NAMES[pipeline(torch.zeros(1, RATE)).argmax(1)]] * 4}\n"
    logits = torch.from_numpy(np.load(folder / "logits.npy"))
    torch.testing.assert_close(logits, pipeline(tones()).detach(), rtol=0, atol=1e-3)


# ---- refused, and then nothing is written


def refused(pipeline, file, message, format="onnx"):
    before = sorted(file.parent.glob("*"))  # hidden ones, too
    with pytest.raises(EscGpuError, match=message) as raised:
        export(pipeline, file, format, tones(), progress=False)
    assert "\n" not in str(raised.value)
    assert sorted(file.parent.glob("*")) == before


def copy_to(made, program, metadata, file):
    """Writes what the program has been written as before."""
    shutil.copy(made, file)


def test_a_file_that_disagrees_leaves_the_earlier_one(pipeline, program, exported, tmp_path, monkeypatch):
    other, n_others = make_pipeline(), int((pipeline(tones()).argmax(1) != 2).sum())
    with torch.no_grad():
        other.model.backbone.get_classifier().bias += torch.tensor([0.0, 0.0, 20.0])
    monkeypatch.setattr(exporting, "trace", lambda *form: program)
    assert n_others > 0
    for format, suffix in SUFFIXES.items():
        written = functools.partial(copy_to, exported[format])
        monkeypatch.setattr(exporting, f"write_{format}", written)
        file = tmp_path / f"model{suffix}"
        file.write_text("earlier", encoding="utf-8")
        message = (
            rf"exported {format} file differs by 20 in a logit and predicts another class for {n_others} of 5 clips, "
            "expected at most 0.001 and 0"
        )
        refused(other, file, message, format)
        assert file.read_text(encoding="utf-8") == "earlier"


class Undecided(nn.Module):
    """A backbone whose graph hangs on its numbers."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, image):
        return self.backbone(image if image.sum() > 0 else -image)


@each_format
@each_backend("native", "torchaudio")
def test_what_cannot_be_exported_is_refused_in_a_line(tmp_path, backend, format):
    remedy = "choose another backbone" if backend == "native" else "--frontend.backend native"
    pipeline = make_pipeline({**LOGMEL, "backend": backend})
    pipeline.model.backbone = Undecided(pipeline.model.backbone)
    message = rf"logmel \({backend}\) → test_resnet cannot be exported as {format} \(.+\): .*{remedy}"
    refused(pipeline, tmp_path / f"model{SUFFIXES[format]}", message, format)


def test_the_reason_is_what_failed_and_not_what_the_exporter_did(pipeline):
    error = RuntimeError("Failed to convert the exported program. This is step 3/3")
    error.__cause__ = ValueError("Error when translating node %roll")
    assert "as onnx (Error when translating node %roll): " in exporting.cannot(pipeline, "onnx", "fixed", error)


def test_constants_that_one_onnx_file_cannot_hold_are_refused(pipeline, program, exported, tmp_path, monkeypatch):
    # As large as torch keeps in one file.
    assert find("torch.onnx._internal.exporter._onnx_program", "_LARGE_MODEL_THRESHOLD") in (None, 1536 << 20)
    assert exporting.MAX_ONNX_BYTES == 1536 << 20
    monkeypatch.setattr(exporting, "trace", lambda *form: program)
    graph = SimpleNamespace(model=onnx_ir.load(exported["onnx"]), save=lambda file: file.touch())
    monkeypatch.setattr(torch.onnx, "export", lambda *_, **options: graph)
    size = sum(weight.const_value.nbytes for weight in graph.model.graph.initializers.values())
    monkeypatch.setattr(exporting, "MAX_ONNX_BYTES", size)
    exporting.write_onnx(program, {}, tmp_path / "as-large.onnx")
    assert (tmp_path / "as-large.onnx").exists()
    monkeypatch.setattr(exporting, "MAX_ONNX_BYTES", size - 1)
    refused(pipeline, tmp_path / "model.onnx", r"one ONNX file holds at most 0\.00: use --format torch")


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_missing_packages_are_named(pipeline, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    refused(
        pipeline,
        tmp_path / "model.onnx",
        f"ONNX needs {package}: pip install " + r'"esc_gpu\[onnx\]", or use --format torch',
    )


def test_what_is_no_format_no_clips_or_cannot_be_written(pipeline, tmp_path):
    refused(pipeline, tmp_path / "model.onnx", "format must be one of onnx, torch, got 'onx'; did you mean", "onx")
    with pytest.raises(EscGpuError, match="holds no clips"):
        export(pipeline, tmp_path / "model.onnx", "onnx", tones()[:0])
    refused(pipeline, tmp_path / "model.pt2", r"does not end in \.onnx")
    refused(
        pipeline,
        tmp_path / "nowhere" / "model.onnx",
        "cannot write .*its folder does not exist, or was removed meanwhile.*--output",
    )
