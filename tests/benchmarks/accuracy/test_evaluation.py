"""A finished run's evaluation as a result file, and the tables made of it."""

import json

from benchmarks.accuracy import evaluation
from tests.helpers.made_up_runs import write_run
from tools.doc_tables import table


def test_from_runs_to_tables_and_pictures(tmp_path):
    one, other = write_run(tmp_path / "one"), write_run(tmp_path / "other", frontend="cqt", seed=1)
    folders = ["--output", str(tmp_path), "--pictures", str(tmp_path)]
    assert evaluation.main([str(one), "--against", str(other), *folders]) == 0
    (file,) = tmp_path.glob("evaluation-*.json")
    accuracy = json.loads(file.read_text(encoding="utf-8"))["evaluation"]["accuracy"]
    scores = table(f"{file.name}#scores", tmp_path)
    assert scores.startswith("```text\none: ") and f"{100 * accuracy:.2f}" in scores and "Calibration" not in scores
    assert "expected calibration error" in table(f"{file.name}#calibration", tmp_path)
    assert "2 runs on" in table(f"{file.name}#comparison", tmp_path)
    pictures = ["evaluation-confusion.png", "evaluation-reliability.png"]
    assert [path.name for path in sorted(tmp_path.glob("evaluation-*.p*"))] == pictures


def test_a_folder_without_a_run_is_one_line(tmp_path, capsys):
    assert evaluation.main([str(tmp_path), "--output", str(tmp_path)]) == 2
    assert "holds no summary.json" in capsys.readouterr().err
