"""What becomes of a command that a signal or an error ends: its exit status, and one line."""

import errno
import io
import os
import signal
import sys

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from esc_gpu.cli import reporting as reporting_module
from esc_gpu.cli.output import say
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.files import write_text
from tests.helpers.one_line import error_line


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_status_is_the_signals_and_there_is_one_line(number, status, capsys):
    assert reporting(lambda: signal.raise_signal(number), "; go on so") == status
    assert capsys.readouterr().err == "interrupted; go on so\n"


def test_what_fails_after_a_signal_comes_of_it(capsys):
    def lose_the_others():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            raise RuntimeError("Connection closed by peer")

    assert reporting(lose_the_others) == 143
    assert capsys.readouterr().err == "interrupted\n"


def test_one_process_of_a_run_speaks(capsys, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    assert reporting(lambda: signal.raise_signal(signal.SIGTERM)) == 143
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("encoding", "shown"), [("cp437", b"\xf1 ? dog"), ("utf-8", "± – dog".encode())])
def test_what_the_console_cannot_show_is_a_question_mark(monkeypatch, encoding, shown):
    console = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(console, encoding=encoding))
    assert reporting(lambda: sys.stdout.write("± – dog") and None) == 0
    assert console.getvalue() == shown


def test_an_output_that_is_closed_from_the_beginning_is_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # as Python has it after >&-
    assert reporting(lambda: say("dog")) == 0


@pytest.mark.parametrize("windows", [True, False])
def test_a_reader_of_the_output_that_has_enough_is_no_error_on_windows_either(monkeypatch, windows):
    def write():
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))  # as Windows has it for EPIPE

    monkeypatch.setattr(reporting_module, "WINDOWS", windows)
    monkeypatch.setattr(reporting_module, "close_output", lambda: None)
    if windows:
        assert reporting(write) == 141
    else:
        with pytest.raises(OSError, match="Invalid argument"):
            reporting(write)


@pytest.mark.parametrize(
    ("number", "name", "expected"),
    [
        (errno.EISDIR, "summary.json", "a file"),
        (errno.ENAMETOOLONG, "a" * 300, "a shorter name"),
        (errno.ENOTDIR, "file/x", "a folder where it names one"),
    ],
)
def test_a_name_that_leads_to_no_file_is_one_line(capsys, number, name, expected):
    def use():
        raise OSError(number, os.strerror(number), name)

    assert reporting(use) == 2
    assert error_line(capsys.readouterr().err) == f"{name}: {os.strerror(number)}; expected {expected}; correct it"


def test_letters_that_the_figures_font_lacks_are_one_line(capsys):
    def draw():
        figure = Figure()
        figure.text(0, 0, "\u092e\u0938")
        FigureCanvasAgg(figure).draw()

    assert reporting(draw) == 0
    assert capsys.readouterr().err == f"warning: {reporting_module.NO_LETTERS}\n"


def test_a_folder_that_goes_while_a_command_writes_is_one_line(capsys, tmp_path):
    file = tmp_path / "gone" / "answers.csv"
    assert reporting(lambda: write_text(file, "dog\n")) == 2
    line = f"cannot write {file}: its folder does not exist, or was removed meanwhile; bring it back, or name another"
    assert error_line(capsys.readouterr().err).startswith(line)


def test_an_error_of_ours_stays_one(capsys):
    def use():
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), "a.json")

    with pytest.raises(FileNotFoundError):
        reporting(use)
