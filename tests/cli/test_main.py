"""`esc-gpu` itself: its commands, its help, and words that it does not know."""

import subprocess
import sys

import pytest

from esc_gpu.cli.commands import COMMANDS, OF_A_RUN
from esc_gpu.cli.main import main
from esc_gpu.core.version import __version__
from esc_gpu.errors import EscGpuError
from tests.helpers.paths import REPOSITORY


def test_the_module_is_the_command_and_its_help_names_all():
    words = [sys.executable, "-m", "esc_gpu", "--help"]
    result = subprocess.run(words, capture_output=True, text=True, cwd=REPOSITORY, timeout=60)
    assert result.returncode == 0 and result.stderr == ""
    assert result.stdout.startswith(
        "usage: esc-gpu [-h] [--version] COMMAND ...\n\nEnvironmental sound classification with"
    )
    text = " ".join(result.stdout.split())
    for name, module in COMMANDS.items():
        assert f" {name} {module.HELP}" in text


def test_a_bare_command_prints_the_help(capsys):
    assert main([]) == 0
    bare = capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["--help"])
    assert bare.out == capsys.readouterr().out and bare.out.startswith("usage: esc-gpu ") and bare.err == ""


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0 and capsys.readouterr().out == f"esc-gpu {__version__}\n"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in OF_A_RUN])
def test_a_command_s_help_says_what_it_is_and_what_each_option_does(name, capsys):
    with pytest.raises(SystemExit) as exit_:
        main([name, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    said = COMMANDS[name].HELP
    assert exit_.value.code == 0 and f"{said[0].upper()}{said[1:]}." in text
    assert text.startswith(f"usage: esc-gpu {name} ")


def test_the_console_script_downloads_and_trains(capsys):
    assert main(["download", "--root", "/proc/nowhere"]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert main(["train", "--folds", "x"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("nosuch", "error: argument COMMAND: invalid choice: 'nosuch' (choose from "),
        ("predict x.wav --model y --top 0", "error: argument --top: "),
        ("export run --format onx", "error: argument --format: invalid choice: 'onx' (choose from "),
        ("features --per-class x\x1b[2J", "error: argument --per-class: "),
    ],
)
def test_a_mistyped_command_is_one_line(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments.split(" "))
    errors = capsys.readouterr().err
    assert exit_.value.code == 2 and errors.startswith(message) and errors.count("\n") == 1
    assert errors.endswith(" --help lists the valid choices\n") and "\x1b" not in errors


@pytest.mark.parametrize("command", ["train", "prepare"])
def test_a_command_of_a_run_takes_no_options_at_all(monkeypatch, capsys, command):
    def refuse(arguments, prog):
        raise EscGpuError(f"{prog} has {arguments}")

    monkeypatch.setattr("esc_gpu.config.parse.parse_run", refuse)
    assert main([command]) == 2
    assert capsys.readouterr().err == f"error: esc-gpu {command} has []\n"
