"""What a training says at its end, and what a command says that was given no run."""

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from esc_gpu.cli.commands import COMMANDS
from esc_gpu.cli.main import create_parser, main
from esc_gpu.cli.next_commands import command_line, newest_run, next_commands, program


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Two finished runs below runs/, the newer one with a blank in its name, and one that has not ended."""
    monkeypatch.chdir(tmp_path)
    for seconds, name in ((1000, "new one"), (500, "study/old")):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "summary.json").write_text("{}", encoding="utf-8")
        os.utime(tmp_path / "runs" / name / "summary.json", (seconds, seconds))
    (tmp_path / "runs" / "begun").mkdir()
    return tmp_path / "runs"


@pytest.mark.parametrize("folder", ["runs/demo", "runs/my run's", "/data/$HOME/a", "-odd", "~", "~root/a"])
def test_the_commands_can_be_copied(folder):
    first, *lines = next_commands(Path(folder))
    assert first == f"The results are in {folder}."
    start = len(program())
    typed = [shlex.split(line.partition(":  ")[2]) for line in lines]
    assert [words[start] for words in typed] == ["evaluate", "report", "compare", "predict"]
    for words in typed:
        assert words[:start] == program()
        parsed = create_parser().parse_args(words[start:])
        given = getattr(parsed, "model", None) or getattr(parsed, "run", None) or parsed.runs[0]
        # A name of a model is text, in which ~ is somebody's home; a run's folder is a path as it stands.
        assert Path(os.path.expanduser(given) if isinstance(given, str) else given) == Path(folder)


def test_the_program_is_named_as_this_environment_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert program() == [str(folder / "python"), "-m", "esc_gpu"]
    (folder / "esc-gpu").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "esc-gpu").chmod(0o755)
    assert program() == [os.path.join(".venv", "bin", "esc-gpu")]
    monkeypatch.setenv("PATH", str(folder))
    assert program() == ["esc-gpu"]
    monkeypatch.setenv("PATH", "/nowhere")
    for elsewhere in (folder, folder / "below"):
        elsewhere.mkdir(exist_ok=True)
        monkeypatch.chdir(elsewhere)
        assert program() == [str(folder / "esc-gpu")]


def test_the_newest_run_is_the_one_that_ended_last(runs):
    assert newest_run() == Path("runs", "new one")
    os.utime(runs / "study" / "old" / "summary.json", (2000, 2000))
    assert newest_run() == Path("runs", "study", "old")
    (runs / "begun" / "summary.json").mkdir()  # no file
    assert newest_run() == Path("runs", "study", "old")
    for damaged in ('{"folds": [', "[]"):  # a copy that was cut, and another file under this name
        (runs / "cut").mkdir(exist_ok=True)
        (runs / "cut" / "summary.json").write_text(damaged, encoding="utf-8")
        assert newest_run() == Path("runs", "study", "old")


MISSING = {
    "predict a.wav --top 2": "predict --model 'runs/new one' a.wav --top 2",
    "listen --microphone": "listen --model 'runs/new one' --microphone",
    "export --format onnx --recordings a b": "export 'runs/new one' --format onnx --recordings a b",
    "demo --port 8000": "demo --model 'runs/new one' --port 8000",
    "report --audio no": "report 'runs/new one' --audio no",
    "evaluate --json": "evaluate 'runs/new one' --json",
}


@pytest.mark.parametrize(("typed", "offered"), MISSING.items(), ids=[words.partition(" ")[0] for words in MISSING])
def test_a_command_without_a_run_names_the_newest_one_and_what_to_type(runs, capsys, typed, offered):
    assert main(typed.split()) == 2
    printed = capsys.readouterr()
    named = "--model" if "--model" in offered else "RUN"
    expected = f"{command_line(program())} {offered}"
    assert printed.out == ""
    assert printed.err == f"error: {named} is missing; the newest run is runs/new one: {expected}\n"


def test_a_command_without_a_run_says_where_none_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["report"]) == 2
    expected = "error: RUN is missing, and there is no finished run in runs; name a run's folder, or train one first\n"
    assert capsys.readouterr().err == expected


def test_help_lists_the_commands_in_the_order_of_use(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if re.match(" {4}[a-z]", line)]
    order = "download configs prepare features train evaluate compare report predict listen embed probe export demo"
    assert listed == list(COMMANDS) == order.split()
