"""The presets beside the code that defines them, from arguments to table."""

import sys

import pytest

from benchmarks.speed import presets
from esc_gpu.core.files import read_json
from tests.helpers.backends import HAS_TORCHAUDIO
from tools import doc_tables as tables


@pytest.mark.skipif(not HAS_TORCHAUDIO, reason="torchaudio is not installed")
def test_presets_from_arguments_to_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torchlibrosa", None)
    arguments = ["--only", "beats", "panns", "--batch", "2", "--seconds", "0.5", "--repeats", "1", "--threads", "1"]
    assert presets.main([*arguments, "--output", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("presets-*.json")
    compared, skipped = read_json(file)["rows"]
    assert compared["verdict"] == "pass" and compared["largest_difference"] > 0
    assert compared["shape"] == [1, 128, 48]
    assert "torchlibrosa" in skipped["skipped"] and "panns  skipped: " in capsys.readouterr().out
    text = tables.table(file.name, tmp_path)
    assert "| `beats` | torchaudio" in text and "panns" not in text


def test_a_wrong_preset_fails(tmp_path, monkeypatch):
    monkeypatch.setitem(presets.EXTRACTORS, "panns", ("torch", lambda: lambda clips: create("panns")(clips)))
    create = broken_by(0.5)
    arguments = ["--only", "panns", "--batch", "1", "--seconds", "0.5", "--repeats", "1", "--threads", "1"]
    assert presets.main([*arguments, "--output", str(tmp_path)]) == 1


def broken_by(difference):
    """What makes an extractor of a preset that is off by so much."""
    import torch

    from esc_gpu import create_frontend

    return lambda name: lambda clips: create_frontend(name)(torch.from_numpy(clips)).numpy() + difference
