"""The one command for a GPU, with parts that need none."""

import json
import sys

import pytest

from benchmarks import gpu
from benchmarks.one_command import preflight
from benchmarks.one_command.parts import FOLDER, RECIPES, Part
from benchmarks.one_command.preflight import Found

QUICK = [sys.executable, "-S", "-E", "-c"]


@pytest.fixture
def parts(monkeypatch):
    """Some parts in the place of the command's own, and a machine that has what they need."""
    groups = {"a": "", "b": "", "c": "", **{f"{group}_seed{seed}": group for group in RECIPES for seed in (0, 1)}}
    made = {name: Part([*QUICK, "print('done')", FOLDER], 60.0, group=group) for name, group in groups.items()}
    monkeypatch.setattr(gpu, "create_parts", lambda *arguments, **options: made)
    monkeypatch.setattr(preflight, "look", lambda *arguments: Found(["device: made up"], frozenset(), False))
    return made


def test_some_parts_have_a_file_of_their_own(parts, tmp_path):
    names = {}
    for options in ([], ["--parts", "c", "a"], ["--parts", "recipe"], ["--tiny"]):
        assert gpu.main(["--root", "ESC-10", "--output", str(tmp_path), *options]) == 0
        file = max(tmp_path.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        names[file.name] = list(json.loads(file.read_text(encoding="utf-8"))["parts"])
    seeds = ["recipe_seed0", "recipe_seed1"]  # and none of the recipe's on the stack
    assert sorted(names.values()) == [["a", "b", "c"], ["a", "b", "c"], ["a", "c"], seeds]
    assert [name for name, parts in names.items() if parts == ["a", "c"]][0].startswith("a-c-")
    assert [name for name, parts in names.items() if parts == seeds][0].startswith("recipe-")
    assert [name for name in names if name.startswith("tiny-")]


def test_a_try_writes_nothing_among_the_results(parts, tmp_path, monkeypatch):
    """Where its numbers, which are worth nothing, would take the place of others of the same day."""
    monkeypatch.setattr(gpu, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(gpu, "TRIES", tmp_path / "tries")
    assert gpu.main(["--root", "ESC-10", "--parts", "a", "--tiny"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["tries"] and len(list((tmp_path / "tries").iterdir())) == 1
    assert gpu.main(["--root", "ESC-10", "--parts", "a"]) == 0
    assert len(list((tmp_path / "results").iterdir())) == 1


def test_a_run_that_was_cut_off_goes_on(parts, tmp_path, capsys):
    before = tmp_path / "before.json"
    passed = {"status": "passed", "seconds": 1.0, "last_lines": ["before"]}
    before.write_text(json.dumps({"parts": {"a": passed, "b": passed | {"status": "running"}}}), encoding="utf-8")
    assert gpu.main(["--root", "ESC-10", "--output", str(tmp_path / "new"), "--resume", str(before)]) == 0
    (file,) = (tmp_path / "new").glob("*.json")
    outcomes = json.loads(file.read_text(encoding="utf-8"))["parts"]
    assert {name: outcome["last_lines"] for name, outcome in outcomes.items()} == {
        "a": ["before"],
        "b": ["done"],
        "c": ["done"],
    }
    for text in (None, "no json", "[]", '{"parts": 3}'):
        before.unlink() if text is None else before.write_text(text, encoding="utf-8")
        assert gpu.main(["--root", "ESC-10", "--output", str(tmp_path), "--resume", str(before)]) == 2
        assert "expected a result file of benchmarks.gpu" in capsys.readouterr().err


def test_a_part_that_has_not_passed_is_told_by_the_status(parts, tmp_path):
    parts["b"] = Part([*QUICK, "raise SystemExit(3)", FOLDER], 60.0)
    assert gpu.main(["--root", "ESC-10", "--output", str(tmp_path)]) == 1


def test_the_minutes_are_those_of_all_parts(parts, tmp_path):
    assert gpu.main(["--root", "ESC-10", "--output", str(tmp_path), "--minutes", "0"]) == 1
    (file,) = tmp_path.glob("*.json")
    assert all(
        part["status"].startswith("skipped: 0 s")
        for part in json.loads(file.read_text(encoding="utf-8"))["parts"].values()
    )


def test_without_a_root_there_are_synthetic_recordings(parts, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(gpu, "create_parts", lambda *arguments, **options: asked.append(arguments) or parts)
    monkeypatch.setattr(gpu, "synthetic", lambda folder, tiny: str(folder))
    assert gpu.main(["--output", str(tmp_path), "--parts", "a"]) == 0
    root, device, tiny, rate, *named = asked[-1]
    assert root.endswith("synthetic") and rate == 22050 and (device, tiny, named) == ("cuda", False, [None, None])


def test_parts_on_esc50_need_its_folder(capsys, tmp_path):
    with pytest.raises(SystemExit):
        gpu.main(["--output", str(tmp_path), "--parts", "recipe_esc50_seed0", "--device", "cpu"])
    assert "recipe_esc50_seed0 needs ESC-50: name its folder with --esc50" in capsys.readouterr().err
    folders = ["--root", str(tmp_path), "--esc50", str(tmp_path / "ESC-50")]
    assert gpu.main(["--output", str(tmp_path), "--parts", "recipe", "--device", "cpu", *folders]) == 2
    missing = f"missing: {tmp_path / 'ESC-50' / 'meta' / 'esc50.csv'}; --esc50 names a folder in ESC-50's layout"
    assert missing in capsys.readouterr().err


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="there is a CUDA device")
def test_without_a_gpu_it_is_refused(capsys, tmp_path):
    assert gpu.main(["--output", str(tmp_path)]) == 2
    assert "torch sees no CUDA device" in capsys.readouterr().err and not list(tmp_path.iterdir())
