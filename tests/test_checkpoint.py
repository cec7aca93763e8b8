"""Save → load → the same logits; nothing of the front-end's constants on disk."""

import json

import pytest
import safetensors.torch
import torch

from esc_gpu import EscGpuError, WaveformClassifier, checkpoint, create_frontend, load

RATE = 8000
SMALL = {"n_fft": 256, "hop_length": 256, "n_mels": 16}
FRONTENDS = {
    "logmel": {"name": "logmel", **SMALL},
    "mfcc": {"name": "mfcc", "n_mfcc": 8, **SMALL},
    "cqt": {"name": "cqt", "fmin": 200, "n_bins": 24, "hop_length": 256},
    "nnaudio": {"name": "logmel", "backend": "nnaudio", **SMALL},
    "trainable": {"name": "logmel", "backend": "nnaudio", "trainable_mel": True, **SMALL},
    "stack": {"name": "stack", "members": [{"name": "logmel", **SMALL}, {"name": "cqt", "fmin": 200, "n_bins": 12}]},
}


def trained(spec):
    """A model whose weights, batch statistics and normalisation are not the initial ones."""
    torch.manual_seed(0)
    model = WaveformClassifier(create_frontend(**{"sample_rate": RATE, **spec}), 3, "test_resnet")
    waveform = 0.1 * torch.randn(4, RATE)
    model.fit_normalization(waveform)
    model(waveform).square().mean().backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    return model.eval(), waveform


@pytest.mark.parametrize("spec", FRONTENDS.values(), ids=FRONTENDS.keys())
def test_a_loaded_pipeline_gives_the_same_logits(tmp_path, spec):
    model, waveform = trained(spec)
    checkpoint.save(tmp_path, model, ["a", "b", "c"])
    loaded = load(tmp_path)
    assert torch.equal(loaded(waveform), model(waveform))
    assert loaded.class_names == ["a", "b", "c"] and not loaded.training


@pytest.mark.parametrize("name", ["logmel", "mfcc", "cqt", "nnaudio", "stack"])
def test_a_frozen_front_end_adds_nothing(tmp_path, name):
    model, _ = trained(FRONTENDS[name])
    checkpoint.save(tmp_path, model, ["a", "b", "c"])
    saved = safetensors.torch.load_file(tmp_path / "model.safetensors")
    assert not [key for key in saved if key.startswith("frontend")]
    assert set(saved) == {f"backbone.{key}" for key in model.backbone.state_dict()} | {
        "normalization.mean",
        "normalization.std",
    }


def test_errors(tmp_path):
    with pytest.raises(EscGpuError, match="holds no model.safetensors"):
        load(tmp_path)
    model, _ = trained(FRONTENDS["logmel"])
    checkpoint.save(tmp_path, model, ["a", "b", "c"])
    pipeline = json.loads((tmp_path / "pipeline.json").read_text())
    (tmp_path / "pipeline.json").write_text(json.dumps({**pipeline, "class_names": ["a"]}))
    with pytest.raises(EscGpuError, match="does not fit"):
        load(tmp_path)
    (tmp_path / "pipeline.json").write_text("{")
    with pytest.raises(EscGpuError, match="is not JSON"):
        load(tmp_path)
    checkpoint.save(tmp_path, model, ["a", "b", "c"])
    (tmp_path / "model.safetensors").write_bytes((tmp_path / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(EscGpuError, match="does not fit"):
        load(tmp_path)
