"""What is kept of a coverage: counted by folder, tabulated, and refused where there is none."""

import subprocess
import sys

import pytest

from benchmarks import coverage_of_tests
from benchmarks.common.markdown import line
from tools import doc_tables as tables

pytest.importorskip("coverage", reason="coverage is not installed: pip install 'esc_gpu[test]'")

# Four lines and two branches, of which three and one are reached.
REACHED_IN_PART = "number = 3\nif number > 4:\n    number = 5\nprint(number)\n"


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """A folder with the coverage of three files in two folders, one of them without branches."""
    (tmp_path / "part").mkdir()
    (tmp_path / "whole.py").write_text("import part.some, part.other\n")
    (tmp_path / "part" / "some.py").write_text(REACHED_IN_PART)
    (tmp_path / "part" / "other.py").write_text("text = ''\n")
    command = [sys.executable, "-m", "coverage", "run", "--rcfile=", "--branch", "--source=.", "whole.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_coverage_to_table(measured, capsys):
    assert coverage_of_tests.main(["--output", "results"]) == 0
    (file,) = (measured / "results").glob("coverage-*.json")
    assert f"written: results/{file.name}" in capsys.readouterr().out
    lines = tables.table(file.name, file.parent).splitlines()
    assert lines[0] == line("folder", "files", "lines", "reached, %", "branches", "reached, %")
    assert lines[2:5] == [
        "| . | 1 | 1 | 100.0 | 0 | – |",
        "| part | 2 | 5 | 80.0 | 2 | 50.0 |",
        "| all | 3 | 6 | 83.3 | 2 | 50.0 |",
    ]


def test_without_a_coverage_it_says_how_to_get_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert coverage_of_tests.main([]) == 2
    assert "there is no file .coverage; run make coverage" in capsys.readouterr().err
    (tmp_path / ".coverage").write_text("no coverage")
    assert coverage_of_tests.main([]) == 2
    (message,) = capsys.readouterr().err.splitlines()
    assert message.startswith("error: .coverage: ") and message.endswith("run make coverage, which writes it anew")
