"""The whole repository, by ruff's options in pyproject.toml."""

import subprocess
import sys

import pytest

from tests.helpers.paths import REPOSITORY

pytest.importorskip("ruff", reason="ruff is not installed: pip install 'esc_gpu[test]'")


@pytest.mark.parametrize("words", [("check", "--output-format", "concise"), ("format", "--check")], ids=" ".join)
def test_ruff_has_nothing_to_say(words):
    command = [sys.executable, "-m", "ruff", *words, "--no-cache", "."]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
