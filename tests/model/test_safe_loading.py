"""Files that others made are read, never executed: backbone weights and the parts of a trained pipeline."""

import json
import pickle

import pytest
import torch

from esc_gpu import EscGpuError, WaveformClassifier, create_frontend
from esc_gpu.model import checkpoint
from tests.helpers.trap import Trap


def logmel():
    return create_frontend("logmel", sample_rate=8000, n_fft=256, n_mels=16)


@pytest.fixture
def trap(tmp_path):
    trap = Trap(tmp_path / "sprung")
    yield trap
    assert not trap.file.exists()


@pytest.mark.parametrize("name", ["weights.pt", "weights.pth", "weights.safetensors", "weights.bin"])
@pytest.mark.parametrize("in_zip", [True, False])
def test_backbone_weights(tmp_path, trap, name, in_zip):
    content = {"state_dict": trap, "conv1.weight": torch.zeros(1)}
    if in_zip:
        torch.save(content, tmp_path / name)
    else:
        (tmp_path / name).write_bytes(pickle.dumps(content, protocol=2))  # as torch did before it took zip
    with pytest.raises(EscGpuError, match="timm could not make 'test_resnet' with these weights") as refused:
        WaveformClassifier(logmel(), 3, "test_resnet", weights=tmp_path / name)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["weights.pt", "weights.safetensors", "weights.npz"])
@pytest.mark.parametrize("content", [b"", b"hello", b"not weights" * 100, b"PK\x03\x04"])
def test_a_file_that_is_no_weights_is_one_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EscGpuError, match="timm could not make 'test_resnet' with these weights") as refused:
        WaveformClassifier(logmel(), 3, "test_resnet", weights=tmp_path / name)
    assert "\n" not in str(refused.value)


def test_a_list_is_no_weights(tmp_path):
    torch.save([torch.zeros(1)], tmp_path / "weights.pt")
    with pytest.raises(
        EscGpuError, match="'test_resnet' with these weights and options: the file holds no weights by name"
    ):
        WaveformClassifier(logmel(), 3, "test_resnet", weights=tmp_path / "weights.pt")


def test_weights_that_may_not_be_read_are_one_line(folder, monkeypatch):
    monkeypatch.setattr("esc_gpu.model.checkpoint.os.access", lambda path, mode: path != folder / "model.safetensors")
    with pytest.raises(EscGpuError, match="model.safetensors cannot be read: change its permissions"):
        checkpoint.load(folder)


@pytest.fixture
def folder(tmp_path):
    model = WaveformClassifier(logmel(), 3, "test_resnet")
    model.fit_normalization(torch.randn(4, 8000))
    checkpoint.save(tmp_path, model, ["a", "b", "c"])
    return tmp_path


@pytest.mark.parametrize("name", ["model.safetensors", "pipeline.json"])
def test_the_parts_of_a_pipeline(folder, trap, name):
    (folder / name).write_bytes(pickle.dumps(trap))
    with pytest.raises(EscGpuError, match=name):
        checkpoint.load(folder)


@pytest.mark.parametrize("option", ["checkpoint_path", "pretrained_cfg", "pretrained_cfg_overlay"])
def test_a_pipeline_that_names_another_file(folder, trap, option):
    torch.save({"state_dict": trap}, folder / "trap.pt")
    file = str(folder / "trap.pt")
    description = json.loads((folder / "pipeline.json").read_text(encoding="utf-8"))
    description["backbone_options"] = {option: file if option == "checkpoint_path" else {"file": file}}
    (folder / "pipeline.json").write_text(json.dumps(description), encoding="utf-8")
    try:
        checkpoint.load(folder)  # looking elsewhere for the weights, or not at all, is as good as refusing
    except EscGpuError as error:
        assert "does not describe a pipeline" in str(error)
