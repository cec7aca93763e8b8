"""The errors of front-ends, from arguments to table."""

from benchmarks.exactness import frontend_errors as errors
from tests.helpers.result_files import result_of
from tools import doc_tables as tables


def test_errors_from_arguments_to_table(tmp_path, capsys):
    only = ["zero_crossing_rate", "rms"]
    assert errors.main(["--only", *only, "--seconds", "0.3", "--output", str(tmp_path)]) == 0
    assert "0 (!) failed" in capsys.readouterr().out
    file, result = result_of(tmp_path, "errors")
    assert {row["signal"] for row in result["rows"]} == set(result["signals"]) >= {"tone", "silence"}
    assert all(row["verdict"] == "pass" for row in result["rows"])
    lines = tables.table(file.name, tmp_path).splitlines()
    assert [line.split()[1] for line in lines[2:4]] == only


def test_an_error_beyond_its_limit_fails(monkeypatch, tmp_path):
    monkeypatch.setattr(errors, "LIMIT", 0.0)
    assert errors.main(["--only", "rms", "--seconds", "0.3", "--output", str(tmp_path)]) == 1
    file, _ = result_of(tmp_path, "errors")
    assert "**" in tables.table(file.name, tmp_path)
