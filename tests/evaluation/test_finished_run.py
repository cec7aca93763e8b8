"""A finished run as read from its folder."""

import json

import numpy as np
import pytest

from esc_gpu.core.run_layout import CONFIG, HISTORY, PREDICTIONS, SUMMARY
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.finished_run import read_run
from tests.helpers.made_up_runs import CATEGORIES, CLASSES, write_run


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path / "a run", folds=(2, 1), per_class=2)


def test_what_is_read_is_what_was_written(folder):
    run = read_run(folder)
    assert (run.name, run.class_names, run.class_categories) == ("a run", list(CLASSES), list(CATEGORIES))
    assert run.fold_numbers == [1, 2] and run.folds.tolist() == [2] * 12 + [1] * 12
    assert run.labels.tolist() == np.arange(6).repeat(2).tolist() * 2
    assert run.probabilities.shape == (24, 6) and np.allclose(run.probabilities.sum(axis=1), 1, atol=1e-5)
    assert (run.probabilities[np.arange(24), run.predictions] == run.probabilities.max(axis=1)).all()
    assert not run.is_validation and run.config["train"]["seed"] == 0


def test_the_history_of_a_fold(folder):
    run = read_run(folder)
    run.fold_folder(2).mkdir()
    (run.fold_folder(2) / HISTORY).write_text(
        '{"epoch": 1, "loss": 2.0}\n{"epoch": 2, "loss": 1.0}\n', encoding="utf-8"
    )
    assert run.history(2) == [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}]
    with pytest.raises(EscGpuError, match="fold1/metrics.jsonl cannot be read"):
        run.history(1)


@pytest.mark.parametrize(("begun", "hint"), [(True, "go on with it by --resume"), (False, "such as runs/logmel")])
def test_a_folder_without_results_is_refused(tmp_path, begun, hint):
    if begun:
        (tmp_path / CONFIG).write_text("train: {}", encoding="utf-8")
    with pytest.raises(EscGpuError, match=f"{tmp_path} holds no summary.json of a run; .*{hint}$"):
        read_run(tmp_path)


def test_a_run_without_its_predictions_is_to_be_finished(folder):
    (folder / PREDICTIONS).unlink()
    with pytest.raises(EscGpuError, match="there is no file .*predictions.csv: finish the run by --resume"):
        read_run(folder)


@pytest.mark.parametrize("key", ["config", "class_names", "class_categories", "frontend", "data", "folds"])
def test_a_summary_that_lacks_something_is_refused(folder, key):
    summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    del summary[key]
    (folder / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")
    with pytest.raises(EscGpuError, match=rf"do not fit each other \(KeyError\(.{key}.\)\): train the run again"):
        read_run(folder)
