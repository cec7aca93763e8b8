"""Names are shown in one line, whatever they hold."""

import os
import re

import pytest

from esc_gpu.cli.output import say
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.text import escape, printable, shown
from esc_gpu.errors import EscGpuError


def test_bytes_that_are_no_utf_8_are_replaced(capsys):
    name = os.fsdecode(b"r\xff")
    assert shown(name) == "r\N{REPLACEMENT CHARACTER}"
    say(f"written: {name}")
    assert capsys.readouterr().out == "written: r?\n"


def test_an_error_is_one_line_without_what_a_terminal_obeys(capsys):
    def fail():
        raise EscGpuError("a\nb\x1b[2J is no file")

    assert printable("a\nb") == "a\N{REPLACEMENT CHARACTER}b"
    assert reporting(fail) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "\x1b" not in error


def test_what_joins_signs_and_other_spaces_are_printed():
    """As names of classes and files have them; what alters the direction is not."""
    assert printable("👩\u200d🚒 10:15\u202fAM") == "👩\u200d🚒 10:15\u202fAM"
    assert printable("a\u202eb\u200fc\u2028d") == "a\ufffdb\ufffdc\ufffdd"


def test_markdown_has_no_meaning_in_a_name():
    assert escape("`q` <b>\n*x*") == r"\`q\` \<b\> \*x\*"


def test_an_interruption_is_one_line(capsys):
    def interrupt():
        raise KeyboardInterrupt

    assert reporting(interrupt) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("address", ["https://evil.example", "HTTP://evil.example", "ftp://a.b", "www.a.b", "WWW.a.b"])
def test_an_address_is_no_link(address):
    escaped = escape(f"see {address}")
    assert not re.search(r"(https?|ftp)://|www\.", escaped, re.IGNORECASE)
    assert re.sub(r"\\(.)", r"\1", escaped) == f"see {address}"
    assert escape("a: 0.5 w.b") == "a: 0.5 w.b"
