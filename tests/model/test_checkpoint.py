"""Save → load → the same logits; nothing of the front-end's constants on disk; nothing by halves."""

import json
import os
from pathlib import Path

import pytest
import safetensors.torch
import torch

from esc_gpu import EscGpuError, load
from esc_gpu.model import checkpoint
from esc_gpu.model.stem import Stem
from tests.helpers.folders import names_in
from tests.helpers.page_tables import code, rows
from tests.helpers.paths import DOCS
from tests.helpers.trained_model import FRONTENDS, NAMES, SMALL, trained


@pytest.mark.parametrize("spec", FRONTENDS.values(), ids=FRONTENDS.keys())
def test_a_loaded_pipeline_gives_the_same_logits(tmp_path, spec):
    model, waveform = trained(spec)
    checkpoint.save(tmp_path, model, NAMES)
    loaded = load(tmp_path)
    assert torch.equal(loaded(waveform), model(waveform))
    assert loaded.class_names == NAMES and not loaded.training


@pytest.mark.parametrize("coordinates", ["frequency", "both"])
def test_a_changed_stem_and_coordinates_come_back(tmp_path, coordinates):
    stem = Stem(stride=(1, 2), kernel=[5, 3], pool=False)
    model, waveform = trained(FRONTENDS["stack"], stem=stem, coordinates=coordinates)
    checkpoint.save(tmp_path, model, NAMES)
    loaded, description = checkpoint.read(tmp_path)
    assert description["stem"] == {"stride": [1, 2], "kernel": [5, 3], "pool": False}
    assert torch.equal(loaded(waveform), model(waveform)) and loaded.coordinates == coordinates
    assert not torch.equal(trained(FRONTENDS["stack"])[0](waveform), model(waveform))


@pytest.mark.parametrize("name", ["logmel", "mfcc", "cqt", "nnaudio", "stack"])
def test_a_frozen_front_end_adds_nothing(tmp_path, name):
    model, _ = trained(FRONTENDS[name])
    checkpoint.save(tmp_path, model, NAMES)
    saved = safetensors.torch.load_file(tmp_path / "model.safetensors")
    assert not [key for key in saved if key.startswith("frontend")]
    assert set(saved) == {f"backbone.{key}" for key in model.backbone.state_dict()} | {
        "normalization.mean",
        "normalization.std",
    }


def test_what_is_known_of_the_training_is_kept(tmp_path):
    model, _ = trained(FRONTENDS["logmel"])
    training = {"recordings": "Klänge", "fold": 2, "metrics": {"accuracy": 0.5}}
    checkpoint.save(tmp_path, model, NAMES, clip_seconds=1.0, training=training, card="# Klänge\n")
    assert names_in(tmp_path) == {"model.safetensors", "pipeline.json", "README.md"}
    _, description = checkpoint.read(tmp_path)
    assert description["clip_seconds"] == 1.0 and description["training"] == training
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "# Klänge\n"


def test_a_description_of_few_words_still_loads(tmp_path):
    model, waveform = trained(FRONTENDS["logmel"])
    checkpoint.save(tmp_path, model, NAMES, clip_seconds=1.0, training={"fold": 1})
    file = tmp_path / "pipeline.json"
    description = json.loads(file.read_text(encoding="utf-8"))
    for name in ("clip_seconds", "training", "stem", "receptive_field", "coordinates", "test_shifts"):
        del description[name]
    file.write_text(json.dumps(description), encoding="utf-8")
    loaded, read = checkpoint.read(tmp_path)
    defaults = {"clip_seconds": 5.0, "training": {}, "stem": {}, "coordinates": "none", "test_shifts": 1}
    defaults["receptive_field"] = None
    assert read == {**description, **defaults}
    assert torch.equal(loaded(waveform), model(waveform))


@pytest.mark.parametrize("name", ["logmel", "mfcc", "stack", "delta"])
def test_the_backend_triton_of_version_0_1_0_is_read_as_native(tmp_path, name):
    model, waveform = trained({"name": "delta", "member": FRONTENDS["mfcc"]} if name == "delta" else FRONTENDS[name])
    checkpoint.save(tmp_path, model, NAMES)
    file = tmp_path / "pipeline.json"
    description = json.loads(file.read_text(encoding="utf-8"))
    spec = description["frontend"]
    earlier = {"delta": spec.get("member"), "stack": spec.get("members", [None])[0]}.get(name, spec)
    earlier["backend"] = "triton"
    file.write_text(json.dumps(description), encoding="utf-8")
    loaded = load(tmp_path)
    assert loaded.frontend.spec == model.frontend.spec
    assert torch.equal(loaded(waveform), model(waveform))


def test_a_failure_leaves_what_was_there(tmp_path, monkeypatch):
    model, _ = trained(FRONTENDS["logmel"])
    checkpoint.save(tmp_path, model, NAMES, card="before")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(path, data):
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(tmp_path, model, ["x", "y", "z"], card="after")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_kill_between_the_renames_leaves_what_is_refused(tmp_path, monkeypatch):
    """Never the new weights with the old description: of the same shapes, it would load with other classes."""
    model, _ = trained(FRONTENDS["logmel"])
    checkpoint.save(tmp_path, model, NAMES, card="before")
    replace = os.replace

    def killed_after(count):
        done = []

        def step(source, target):
            if len(done) == count:
                raise KeyboardInterrupt
            done.append(replace(source, target))

        return step

    for count in (1, 2):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(os, "replace", killed_after(count))
            checkpoint.save(tmp_path, model, ["x", "y", "z"], card="after")
        with pytest.raises(EscGpuError, match="there is no file .*pipeline.json"):
            load(tmp_path)
    checkpoint.save(tmp_path, model, ["x", "y", "z"], card="after")
    assert load(tmp_path).class_names == ["x", "y", "z"]


def test_weights_that_the_backbone_began_with_are_not_looked_for(tmp_path):
    """They are in the checkpoint, trained; the file is on another machine, and could hold anything."""
    model, waveform = trained(FRONTENDS["logmel"])
    model.backbone_options = {"checkpoint_path": "/nowhere/weights.pth"}
    checkpoint.save(tmp_path, model, NAMES)
    assert torch.equal(load(tmp_path)(waveform), model(waveform))


def test_errors(tmp_path):
    with pytest.raises(EscGpuError, match="holds no model.safetensors"):
        load(tmp_path)
    model, _ = trained(FRONTENDS["logmel"])
    checkpoint.save(tmp_path, model, NAMES)
    pipeline = json.loads((tmp_path / "pipeline.json").read_text(encoding="utf-8"))
    (tmp_path / "pipeline.json").write_text(json.dumps({**pipeline, "class_names": ["a"]}), encoding="utf-8")
    with pytest.raises(EscGpuError, match="does not fit") as error:
        load(tmp_path)
    assert "\n" not in str(error.value)
    (tmp_path / "pipeline.json").write_text("{", encoding="utf-8")
    with pytest.raises(EscGpuError, match="is not JSON"):
        load(tmp_path)
    checkpoint.save(tmp_path, model, NAMES)
    (tmp_path / "model.safetensors").write_bytes((tmp_path / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(EscGpuError, match="does not fit"):
        load(tmp_path)


@pytest.mark.parametrize("change", [{"backbone.conv1.0.weight": None}, {"head.bias": torch.zeros(3)}])
def test_weights_with_a_tensor_less_or_more_are_refused(tmp_path, change):
    model, _ = trained(FRONTENDS["logmel"])
    checkpoint.save(tmp_path, model, NAMES)
    weights = {**safetensors.torch.load_file(tmp_path / "model.safetensors"), **change}
    kept = {name: tensor for name, tensor in weights.items() if tensor is not None}
    assert len(kept) == len(model.state_dict()) + (1 if "head.bias" in change else -1)
    safetensors.torch.save_file(kept, tmp_path / "model.safetensors")
    (name,) = change
    with pytest.raises(EscGpuError, match=rf"does not fit pipeline.json beside it: .*{name}"):
        load(tmp_path)


MISTAKES = {
    "no names": ({"class_names": []}, "class_names is []"),
    "control character": ({"class_names": ["a", "b", "c\x1b[2J"]}, r"'c\x1b[2J' has a control character (U+001B)"),
    "direction": ({"class_names": ["a", "b", "\u202ec"]}, r"class name '\u202ec' has a character that cannot be seen"),
    "a name twice": ({"class_names": ["a", "b", "a"]}, "class name 'a' is there twice"),
    "no length": ({"clip_seconds": "5"}, "clip_seconds is '5'"),
    "endless": ({"clip_seconds": 1e9}, "clip_seconds is"),
    "training": ({"training": "much"}, "training is 'much'"),
    "front-end": ({"frontend": {"name": "logmell"}}, "did you mean 'logmel'"),
    "option": ({"frontend": {"name": "logmel", "n_mel": 3}}, "n_mel"),
    "no sample rate": ({"frontend": {"name": "logmel", **SMALL}}, "the front-end logmel has no sample_rate"),
    "backbone": ({"backbone": "resnt18"}, "did you mean 'resnet18'"),
    "from the net": ({"backbone": "hf-hub:someone/something"}, "timm has no model"),
    "options": ({"backbone_options": None}, "does not describe a pipeline"),
    "stem": ({"stem": None}, "does not describe a pipeline"),
    "stem option": ({"stem": {"strid": [1, 2]}}, "strid"),
    "stem stride": ({"stem": {"stride": [1, 2, 3]}}, "stem_stride is [bins, frames]"),
    "endless kernel": ({"stem": {"kernel": [10**9, 3]}}, "stem_kernel is [bins, frames]"),
    "stem pool": ({"stem": {"pool": "no"}}, "stem_pool must be true or false"),
    "coordinates": ({"coordinates": "frequencies"}, "did you mean 'frequency'"),
    "coordinates of no type": ({"coordinates": {}}, "does not describe a pipeline"),
}


@pytest.mark.parametrize(("change", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_description_of_something_else_is_refused_in_one_line(tmp_path, change, message):
    model, _ = trained(FRONTENDS["logmel"])
    checkpoint.save(tmp_path, model, NAMES)
    file = tmp_path / "pipeline.json"
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    with pytest.raises(EscGpuError) as error:
        load(tmp_path)
    text = str(error.value)
    assert message in text and str(file) in text and "\n" not in text


def test_a_missing_key_is_named(tmp_path):
    model, _ = trained(FRONTENDS["logmel"])
    checkpoint.save(tmp_path, model, NAMES)
    file = tmp_path / "pipeline.json"
    file.write_text(json.dumps({"class_names": NAMES}), encoding="utf-8")
    with pytest.raises(EscGpuError, match="there is no 'backbone_options'"):
        load(tmp_path)
    file.write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(EscGpuError, match="does not hold a JSON object; expected one, in braces"):
        load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"mixed_precision": []}},
        {"training": {"fold": float("nan")}},
        {"training": {"metrics": 5}},
        *({"training": {"ema_decay": decay}} for decay in ("much", 1, float("nan"), None)),
        {"training": {"metrics": {"accuracy": "high"}}},
        {"training": {"metrics": {"macro_f1": 1e308}}},
        {"frontend": {"name": "logmel", "n_fft": 2**40}},
    ],
)
def test_a_description_that_would_fail_later_is_refused(tmp_path, change):
    model, _ = trained(FRONTENDS["logmel"])
    checkpoint.save(tmp_path, model, ["a", "b", "c"])
    description = json.loads((tmp_path / "pipeline.json").read_text(encoding="utf-8"))
    (tmp_path / "pipeline.json").write_text(json.dumps({**description, **change}), encoding="utf-8")
    with pytest.raises(EscGpuError, match="does not describe a pipeline") as error:
        load(tmp_path)
    assert "\n" not in str(error.value)


def test_the_page_says_what_it_holds():
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    named = [name for cell, _ in rows(page, "What a checkpoint holds") for name in code(cell)]
    assert named == list(checkpoint.describe(trained(FRONTENDS["logmel"])[0], NAMES))
