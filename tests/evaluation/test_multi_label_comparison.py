"""Runs with several labels a clip, side by side."""

import pytest

from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.multi_label_comparison import compare_several_labels
from tests.helpers.made_up_runs import write_run
from tests.helpers.one_line import refusal
from tests.helpers.several_labels_runs import CLASSES, write_several


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    made = [write_several(folder / f"poor{seed}", seed=seed, skill=0.1) for seed in range(2)]
    made.append(write_several(folder / "good", seed=2, skill=1.5, lr=0.2))
    return [read_run(path) for path in made]


def test_seeds_share_a_row_and_the_difference_is_that_of_the_means(runs):
    found = compare_several_labels(runs, n_bootstrap=200)
    poor, good = found["rows"]
    assert poor["runs"] == ["poor0", "poor1"] and good["seeds"] == [2] and len(good["fold_maps"]) == 3
    (pair,) = found["pairs"]
    assert pair["difference"] == pytest.approx(poor["map"] - good["map"]) and pair["high"] < 0
    assert pair["low"] < pair["difference"] < pair["high"]


def test_a_run_differs_from_itself_by_nothing(runs):
    (pair,) = compare_several_labels([runs[0], runs[2]], n_bootstrap=20)["pairs"]
    assert pair["difference"] != 0
    again = compare_several_labels([runs[0], runs[0]], n_bootstrap=20)["pairs"]
    assert [(entry["difference"], entry["low"], entry["high"]) for entry in again] == [(0.0, 0.0, 0.0)]


def test_a_run_with_one_label_is_of_another_task(runs, tmp_path):
    other = read_run(write_run(tmp_path / "one", classes=CLASSES, categories=("x",) * 4))
    said = refusal(compare_several_labels, [runs[0], other])
    assert "is a run of the task multi_label" in said and "expected the same data.task" in said
