"""The whole repository, by ruff's options in pyproject.toml; and what ruff does not look for."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.paths import REPOSITORY

pytest.importorskip("ruff", reason="ruff is not installed: pip install 'esc_gpu[test]'")


@pytest.mark.parametrize("words", [("check", "--output-format", "concise"), ("format", "--check")], ids=" ".join)
def test_ruff_has_nothing_to_say(words):
    command = [sys.executable, "-m", "ruff", *words, "--no-cache", "."]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


def texts_in_any_encoding(source: str) -> Iterator[str]:
    """The calls that read or write text in the encoding of the system, which on Windows is not UTF-8."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        # What `read_text` takes by its place is an encoding already, or of an installed package a file's name.
        is_text_method = called.endswith(".write_text") or (called.endswith(".read_text") and not node.args)
        words = [ast.unparse(argument) for argument in (*node.args, *(word.value for word in node.keywords))]
        is_binary = any(re.fullmatch("'[rwax]\\+?b\\+?'", word) for word in words)
        is_file = called in {"open", "io.open", "os.fdopen", "Path.open"} and not is_binary
        if (is_text_method or is_file) and "encoding" not in {word.arg for word in node.keywords}:
            yield f"{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("folder", ["esc_gpu", "benchmarks", "tests", "tools", "examples", "train.py"])
def test_every_text_has_its_encoding(folder):
    top = REPOSITORY / folder
    files: list[Path] = [top] if top.is_file() else sorted(top.rglob("*.py"))
    found = {str(path): list(texts_in_any_encoding(path.read_text(encoding="utf-8"))) for path in files}
    assert found and not {path: calls for path, calls in found.items() if calls}


def test_a_text_without_its_encoding_is_found():
    well = "open(a, 'wb')\nopen(a, 'r+b')\nopen(a, encoding='utf-8')\na.write_text(b, encoding='utf-8')\n"
    assert not list(texts_in_any_encoding(well))
    assert len(list(texts_in_any_encoding("open(a)\nopen(a, 'r+')\na.read_text()\na.write_text(b)\n"))) == 4
