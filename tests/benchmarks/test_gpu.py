"""The one command for a GPU: what it makes of its parts, shown with parts that need none."""

import json
import sys

import psutil
import pytest

from benchmarks import gpu
from tools import doc_tables as tables

WRITES = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
(folder / "graphs-cpu.json").write_text(json.dumps({"benchmark": "graphs", "rows": []}))
(folder / "graphs-cpu.png").write_bytes(b"picture")
print("done")
"""

ENDLESS = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("{mark}").write_text(str(child.pid))
print("begun", flush=True)
time.sleep(600)
"""


def python(code, seconds=60.0):
    return gpu.Part([sys.executable, "-c", code, "--output", gpu.FOLDER], seconds)


def test_every_part_is_kept_whatever_becomes_of_it(tmp_path, capsys):
    parts = {
        "tests": python("print('2 passed')"),
        "graphs": python(WRITES),
        "broken": python("print('so far'); raise SystemExit('no memory')"),
        "endless": python(ENDLESS.format(mark=tmp_path / "child"), seconds=3.0),
        "late": python("import time; time.sleep(600)"),
    }
    file = gpu.run_parts(parts, 8.0, tmp_path / "results")
    outcomes = json.loads(file.read_text())["parts"]
    assert list(outcomes) == list(parts)
    assert outcomes["tests"]["status"] == "passed" and outcomes["tests"]["last_lines"] == ["2 passed"]
    assert outcomes["graphs"]["result"]["benchmark"] == "graphs"
    assert (tmp_path / "results" / "graphs-cpu.png").read_bytes() == b"picture"
    assert outcomes["broken"]["status"] == "failed (1)" and outcomes["broken"]["last_lines"] == ["so far", "no memory"]
    assert outcomes["endless"]["status"] == "stopped after 3 s" and outcomes["endless"]["last_lines"] == ["begun"]
    child = int((tmp_path / "child").read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert outcomes["late"]["seconds"] < 8  # the time was up
    assert "broken: failed (1)" in capsys.readouterr().out


def test_a_table_is_made_of_a_part(tmp_path):
    file = gpu.run_parts({"graphs": python(WRITES)}, 60.0, tmp_path)
    text = tables.table(f"{file.name}#graphs", tmp_path)
    assert text.startswith("| front-end | torch.compile |") and f"`benchmarks/results/{file.name}`" in text


def test_the_parts_are_commands_that_this_repository_has(monkeypatch):
    """Their options, too: each is parsed as its command would."""
    from benchmarks.reliability import long_run
    from benchmarks.speed import frontends, pipeline
    from esc_gpu.config.parse import parse_run

    parts = {name: part.command for name, part in gpu.create_parts("ESC-10").items()}
    assert list(parts) == ["tests", "pipeline", "cross_validation", "frontends", "long_run", "recipe", "recipe_stack"]
    for name, module in (("pipeline", pipeline), ("frontends", frontends), ("long_run", long_run)):
        monkeypatch.setattr(module, "require_gpu", lambda: sys.exit("parsed"))
        with pytest.raises(SystemExit, match="parsed"):
            module.main(parts[name][3:])
    for name, label, epochs in (
        ("cross_validation", [], 50),
        *((name, ["--label", name], 120) for name in gpu.RECIPES),
    ):
        options = parts[name][3:]
        own = options[: options.index("--data.root")]
        assert own == ["--require-gpu", "--output", gpu.FOLDER, *label]
        assert parse_run(options[len(own) :], "x").train.epochs == epochs
    assert all((gpu.REPOSITORY / word).is_file() for word in parts["tests"] if word.endswith(".py"))


def test_some_parts_have_a_file_of_their_own(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gpu, "require_gpu", lambda: None)
    parts = {name: python("print('done')") for name in ("a", "b", "c", *gpu.RECIPES)}
    monkeypatch.setattr(gpu, "create_parts", lambda root: parts)
    names = {}
    for options in ([], ["--parts", "c", "a"], ["--parts", "recipe"]):
        assert gpu.main(["--root", "ESC-10", "--output", str(tmp_path), *options]) == 0
        file = max(tmp_path.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        names[file.name] = list(json.loads(file.read_text())["parts"])
    assert sorted(names.values()) == [["a", "b", "c"], ["a", "c"], ["recipe"]]
    assert [name for name, parts in names.items() if parts == ["a", "c"]][0].startswith("a-c-")
    assert [name for name, parts in names.items() if parts == ["recipe"]][0].startswith("recipe-")


def test_of_a_part_that_fails_enough_is_kept_to_see_why(tmp_path):
    many = "print(*range(100), sep='\\n');"
    parts = {"good": python(many), "bad": python(f"{many} raise SystemExit(1)")}
    outcomes = json.loads(gpu.run_parts(parts, 60.0, tmp_path).read_text())["parts"]
    assert {name: len(outcome["last_lines"]) for name, outcome in outcomes.items()} == {"good": 15, "bad": 100}


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="there is a CUDA device")
def test_without_a_gpu_it_is_refused(capsys, tmp_path):
    assert gpu.main(["--root", "ESC-10", "--output", str(tmp_path)]) == 2
    assert "torch sees no CUDA device" in capsys.readouterr().err and not list(tmp_path.iterdir())
