"""What several commands print and write alike, and their options for it."""

import shutil

import pytest

from esc_gpu.cli.main import main
from tests.helpers.command import run_command
from tests.helpers.made_up_runs import write_esc10_run, write_run

FAST = ("--bootstrap", "200")


@pytest.fixture
def run(tmp_path):
    return write_esc10_run(tmp_path / "runs" / "logmel", skill=2.5)


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_name_commands_no_terminal(tmp_path, capfd, words):
    names = ("dog\x1b[2J", "rain\x9b2J", "ü")
    runs = [
        write_run(tmp_path / f"run\x1b]0;{seed}\x07", seed=seed, classes=names, categories=("\x1b[1m",) * 3)
        for seed in (0, 1)
    ]
    for what in ("evaluate", "compare"):
        status, out, errors = run_command(capfd, what, *runs, *words, *FAST)
        assert status == 0 and not errors and "run" in out
        assert all(c.isprintable() or c == "\n" for c in out)


@pytest.mark.parametrize("name", ["evaluate", "compare"])
def test_an_output_that_is_a_file(run, tmp_path, name, capfd):
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    other = shutil.copytree(run, tmp_path / "copy")
    runs = [run] if name == "evaluate" else [run, other]
    status, _, errors = run_command(capfd, name, *runs, *FAST, "--output", tmp_path / "taken")
    assert status == 2 and len(errors) == 1 and f"cannot write to {tmp_path / 'taken'}" in errors[0]
    assert errors[0].endswith("choose another --output") and (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["evaluate", "compare"])
def test_help_and_a_mistyped_option(name, capfd):
    with pytest.raises(SystemExit) as exit_:
        main([name, "--help"])
    out = capfd.readouterr().out
    assert exit_.value.code == 0
    assert all(option in out for option in ("RUN", "--output", "--json", "--bootstrap", "--seed"))
    with pytest.raises(SystemExit) as exit_:
        main([name, "run", "--outptu", "x"])
    assert exit_.value.code == 2
