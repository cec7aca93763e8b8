"""A pytest inside a test, for tests that look at the package when they are collected."""

import os
import sys
from pathlib import Path

import pytest

from tests.helpers.paths import REPOSITORY


def run_pytest(plugins: Path, arguments: list[str]) -> int:
    """What a forked process does: run pytest in the repository, with plugins from a folder; the exit status."""
    os.chdir(REPOSITORY)
    sys.path.insert(0, str(plugins))
    return pytest.main(["-p", "no:cacheprovider", *arguments])
