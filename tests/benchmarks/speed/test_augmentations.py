"""The costs of augmentations from arguments to table, and that all of them are measured."""

import json

import pytest
import torch

import esc_gpu.augment
from benchmarks.speed import augmentations
from esc_gpu.augment import Draws
from esc_gpu.data.recordings.synthetic import write_synthetic
from tools import doc_tables as tables

NOT_MEASURED = {"Draws"}  # no augmentation


def seeded():
    return Draws(torch.Generator().manual_seed(0))


def test_from_arguments_to_table(tmp_path, capsys):
    root = write_synthetic(tmp_path / "data", clips_per_class=5, progress=False)
    options = {"root": root, "cache-dir": tmp_path, "batch": 3, "clip-seconds": 0.4, "repeats": 2, "threads": 1}
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    threads = torch.get_num_threads()
    try:
        assert augmentations.main([*words, "--mixed-precision", "no", "--output", str(tmp_path / "results")]) == 0
    finally:
        torch.set_num_threads(threads)
    printed = capsys.readouterr().out
    (file,) = (tmp_path / "results").glob("augmentations-*.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["image_size"] == [64, 18] and result["batch"] == 3
    step = result["step"]["us_per_clip"]["median"]
    for row in result["rows"]:
        spread = row["us_per_clip"]
        assert 0 < spread["min"] <= spread["median"] <= spread["max"]
        assert row["share_of_step"] == pytest.approx(spread["median"] / step)
        assert row["name"] in printed
    lines = tables.table(file.name, file.parent).splitlines()
    assert [line.split(" | ")[0][2:] for line in lines[2 : 2 + len(result["rows"])]] == [
        r["name"] for r in result["rows"]
    ]
    assert "backward pass of resnet18 on images of 64 × 18, in precision no" in "\n".join(lines)


def test_every_augmentation_is_measured(monkeypatch):
    called, names = set(), set(esc_gpu.augment.__all__) - NOT_MEASURED

    def counted(name, function):
        return lambda *arguments, **options: called.add(name) or function(*arguments, **options)

    for name in names:
        monkeypatch.setattr(augmentations, name, counted(name, getattr(augmentations, name)))
    waveform, image, target = torch.rand(4, 8000) - 0.5, torch.randn(4, 1, 64, 18), torch.eye(4)
    calls = augmentations.waveform_calls(waveform, target, seeded())
    for call in (calls | augmentations.image_calls(image, target, seeded())).values():
        call()
    assert called == names


def test_what_is_measured_augments():
    generator = torch.Generator().manual_seed(1)
    waveform = torch.rand(8, 8000, generator=generator) - 0.5
    image = torch.randn(8, 1, 64, 18, generator=generator)
    for inputs, calls in (
        (waveform, augmentations.waveform_calls(waveform, torch.eye(8), seeded())),
        (image, augmentations.image_calls(image, torch.eye(8), seeded())),
    ):
        for name, call in calls.items():
            output = call()
            assert output.shape == inputs.shape and not torch.equal(output, inputs), name


def test_a_gpu_that_is_not_there_is_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert augmentations.main(["--device", "cuda", "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
