"""The benchmark of folds side by side, from arguments to table."""

import json

from benchmarks.speed import folds_at_once
from tests.helpers.tiny import OPTIONS, write_tones
from tools.doc_tables import table


def test_both_ways_are_timed_as_often(tmp_path, blank_pictures, capsys):
    recordings = ["--data.table", str(write_tones(tmp_path / "tones")), "--data.cache_dir", str(tmp_path / "cache")]
    options = [*OPTIONS, *recordings, "--train.threads", "2", "--rounds", "2", "--output", str(tmp_path)]
    assert folds_at_once.main(options) == 0
    (file,) = tmp_path.glob("folds-*.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    one, together = result["rows"]
    assert len(one["seconds"]) == len(together["seconds"]) == 2 and result["threads"] == 2
    assert result["speedup"] == one["median_seconds"] / together["median_seconds"]
    text = table(file.name, tmp_path)
    assert "| 1 |" in text and "| one a thread |" in text
    assert "times as fast" in capsys.readouterr().out


def test_a_mistake_is_one_line(tmp_path, capsys):
    assert folds_at_once.main(["--data.root", str(tmp_path), "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
