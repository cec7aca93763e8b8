"""A cross-validation leaves its summary, and beside it the probabilities of every clip."""

import json

import pytest

from benchmarks.accuracy.cross_validation import main
from esc_gpu.evaluation.predictions import read_predictions
from tests.helpers.tiny import OPTIONS, write_tones


def test_the_probabilities_stay_beside_the_summary(tmp_path, capsys):
    table, results, run = write_tones(tmp_path / "tones"), tmp_path / "results", tmp_path / "run"
    options = [*OPTIONS, "--data.table", str(table), "--output_dir", str(run)]
    assert main(["--output", str(results), "--label", "tiny", *options]) == 0
    files = sorted(results.iterdir())
    assert [file.name.removeprefix(files[0].stem) for file in files] == [".json", ".predictions.csv"]
    result = json.loads(files[0].read_text(encoding="utf-8"))
    filenames, folds, labels, probabilities = read_predictions(files[1], result["class_names"])
    accuracies = [(probabilities.argmax(axis=1) == labels)[folds == fold].mean() for fold in (1, 2)]
    assert len(filenames) == 24 and result["folds"][0]["clips"] == 12
    assert [fold["accuracy"] for fold in result["folds"]] == pytest.approx(accuracies, rel=1e-6)
    assert str(tmp_path) not in files[0].read_text(encoding="utf-8") + files[1].read_text(encoding="utf-8")
    assert all(str(file) in capsys.readouterr().out for file in files[:1])
