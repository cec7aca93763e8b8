"""What choosing the epoch on the test fold would have given."""

import json

import pytest

from esc_gpu.core.run_layout import HISTORY
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.best_epochs import best_epochs
from esc_gpu.evaluation.finished_run import read_run
from tests.helpers.made_up_runs import write_run

CURVES = {1: {5: 0.5, 10: 0.75, 12: 0.625}, 2: {10: 0.5, 12: 0.5}}


def curve(run, fold, accuracies):
    """Write the fold's file, in which not every epoch was evaluated."""
    records = [{"epoch": epoch, "loss": 1.0} for epoch in range(1, 13)]
    for epoch, accuracy in accuracies.items():
        records[epoch - 1]["test_accuracy"] = accuracy
    file = run.fold_folder(fold) / HISTORY
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return file


@pytest.fixture
def run(tmp_path):
    """A run of two folds, whose second has fewer clips."""
    run = read_run(write_run(tmp_path / "run", folds=(1, 2)))
    for fold, accuracies in CURVES.items():
        curve(run, fold, accuracies)
    return run


def test_it_is_the_first_best_epoch_of_each_fold_and_all_clips_count_alike(run):
    sizes = [int((run.folds == fold).sum()) for fold in (1, 2)]
    found = best_epochs([run, run])
    assert found["epochs"] == [[10, 10], [10, 10]]
    assert found["accuracy"] == pytest.approx((0.75 * sizes[0] + 0.5 * sizes[1]) / sum(sizes), rel=1e-12)


def test_nothing_is_said_without_curves(run):
    curve(run, 2, {12: 0.5})  # of the last epoch alone there is no choice
    assert best_epochs([run]) is None
    (run.fold_folder(2) / HISTORY).unlink()
    assert best_epochs([run]) is None


def test_a_damaged_curve_is_refused(run):
    (run.fold_folder(1) / HISTORY).write_text("{", encoding="utf-8")
    with pytest.raises(EscGpuError, match=HISTORY):
        best_epochs([run])
