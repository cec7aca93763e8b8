"""What the one command for a GPU makes of its parts, shown with parts that need none."""

import json
import sys

import psutil
import pytest

from benchmarks.one_command import run_parts as running
from benchmarks.one_command.parts import FOLDER, Part
from benchmarks.one_command.run_parts import run_parts
from tools import doc_tables as tables

# As short as an interpreter's start allows: no site packages.
PYTHON = [sys.executable, "-S"]
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


def python(code, seconds=60.0, least=0.0, needs=()):
    return Part([*PYTHON, "-c", code, "--output", FOLDER], seconds, least, needs)


def outcomes_of(file):
    return json.loads(file.read_text(encoding="utf-8"))["parts"]


def test_every_part_is_kept_whatever_becomes_of_it(tmp_path, capsys):
    parts = {
        "tests": python("print('2 passed')"),
        "graphs": python(WRITES),
        "broken": python("print('so far'); raise SystemExit('no memory')"),
        "endless": python(ENDLESS.format(mark=tmp_path / "child"), seconds=2.0),
        "lacking": python("print('never')", needs=("numpy", "soundfile")),
        "long": python("print('never')", least=100.0),
        "late": python("import time; time.sleep(600)"),
    }
    file = run_parts(parts, 6.0, tmp_path / "results", missing={"soundfile"})
    outcomes = outcomes_of(file)
    assert list(outcomes) == list(parts)
    assert outcomes["tests"]["status"] == "passed" and outcomes["tests"]["last_lines"] == ["2 passed"]
    assert outcomes["graphs"]["result"]["benchmark"] == "graphs"
    assert (tmp_path / "results" / "graphs-cpu.png").read_bytes() == b"picture"
    assert outcomes["broken"]["status"] == "failed (1)" and outcomes["broken"]["last_lines"] == ["so far", "no memory"]
    assert outcomes["endless"]["status"] == "stopped after 2 s" and outcomes["endless"]["last_lines"] == ["begun"]
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert outcomes["lacking"]["status"] == "skipped: soundfile not installed"
    assert outcomes["long"]["status"].startswith("skipped: ") and "100 s at least" in outcomes["long"]["status"]
    assert outcomes["late"]["seconds"] < 6 and outcomes["late"]["status"].startswith("stopped")  # the time was up
    said = capsys.readouterr().out
    assert "broken: failed (1)" in said and "long: skipped: " in said


def test_a_part_for_which_no_time_is_left_is_skipped(tmp_path):
    outcomes = outcomes_of(run_parts({"a": python("print('never')")}, 0.0, tmp_path))
    assert outcomes["a"]["status"] == "skipped: 0 s are left, it takes 1 s at least"


def test_what_a_part_has_written_is_kept_while_it_runs(tmp_path, monkeypatch):
    """Whatever ends the command then, by a signal that nobody can catch as well."""
    monkeypatch.setattr(running, "LOOK_SECONDS", 0.2)
    seen = []

    class Watched(running.Kept):
        def write(self):
            file = super().write()
            seen.append(json.loads(file.read_text(encoding="utf-8"))["parts"].get("graphs", {}))
            return file

    monkeypatch.setattr(running, "Kept", Watched)
    run_parts({"graphs": python(WRITES + "import time; time.sleep(600)", seconds=2.0)}, 60.0, tmp_path)
    early = [outcome for outcome in seen if outcome.get("status") == "running"]
    assert early and early[0]["result"]["benchmark"] == "graphs"
    assert seen[-1]["status"] == "stopped after 2 s" and seen[-1]["result"]["benchmark"] == "graphs"


def test_an_interruption_leaves_what_there_is(tmp_path, monkeypatch):
    def interrupt(process, seconds, folder, written):
        process.wait()
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_parts({"graphs": python(WRITES), "next": python("")}, 60.0, tmp_path)
    (file,) = tmp_path.glob("*.json")
    assert outcomes_of(file)["graphs"]["status"] == "interrupted"
    assert outcomes_of(file)["graphs"]["result"]["benchmark"] == "graphs"


def test_parts_of_before_are_not_run_again(tmp_path, capsys):
    done = {"graphs": {"status": "passed", "seconds": 3.0, "last_lines": [], "result": {"benchmark": "graphs"}}}
    parts = {"graphs": python("raise SystemExit(1)"), "new": python("print('done')")}
    outcomes = outcomes_of(run_parts(parts, 60.0, tmp_path, done=done))
    assert outcomes["graphs"] == done["graphs"] and outcomes["new"]["status"] == "passed"
    assert "graphs: kept from before" in capsys.readouterr().out


def test_a_table_is_made_of_a_part(tmp_path):
    file = run_parts({"graphs": python(WRITES)}, 60.0, tmp_path)
    text = tables.table(f"{file.name}#graphs", tmp_path)
    assert text.startswith("| front-end | torch.compile |") and f"`benchmarks/results/{file.name}`" in text
    assert tables.table(file.name, tmp_path).startswith("| what | µs a clip, measured | estimated before |")


def test_the_parts_do_not_see_a_gpu_that_is_not_asked_for(tmp_path):
    code = "import os; print(os.environ.get('CUDA_VISIBLE_DEVICES', 'all'))"
    outcomes = outcomes_of(run_parts({"a": python(code)}, 60.0, tmp_path, device="cpu"))
    assert outcomes["a"]["last_lines"] == []  # an empty line


def test_of_a_part_that_fails_enough_is_kept_to_see_why(tmp_path):
    many = "print(*range(100), sep='\\n');"
    parts = {"good": python(many), "bad": python(f"{many} raise SystemExit(1)")}
    outcomes = outcomes_of(run_parts(parts, 60.0, tmp_path))
    assert {name: len(outcome["last_lines"]) for name, outcome in outcomes.items()} == {"good": 15, "bad": 100}


def test_predictions_and_their_result_lie_beside_the_file(tmp_path):
    code = WRITES.replace("print(", "(folder / 'graphs-cpu.predictions.csv').write_text('filename'); print(")
    output = tmp_path / "results"
    run_parts({"graphs": python(code)}, 60.0, output)
    assert (output / "graphs-cpu.predictions.csv").read_text(encoding="utf-8") == "filename"
    assert json.loads((output / "graphs-cpu.json").read_text(encoding="utf-8"))["rows"] == []
