"""Runs with several labels a clip, side by side."""

import numpy as np
import pytest

from esc_gpu.evaluation.bootstrap import bootstrap_weights, resampling_units
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.multi_label_comparison import compare_several_labels
from esc_gpu.evaluation.run_groups import select
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
    found = compare_several_labels(runs, n_bootstrap=60)
    poor, good = found["rows"]
    assert poor["runs"] == ["poor0", "poor1"] and good["seeds"] == [2] and len(good["fold_maps"]) == 3
    (pair,) = found["pairs"]
    assert pair["difference"] == pytest.approx(poor["map"] - good["map"]) and pair["high"] < 0
    assert pair["low"] < pair["difference"] < pair["high"]


def test_the_interval_is_that_of_plain_sums(runs):
    *poor, good = runs

    def maps(run, weights):
        """No two probabilities of a class are equal."""
        order = np.argsort(-run.probabilities, axis=0)
        drawn = weights[:, order]  # (m, n, K)
        hits = drawn * np.take_along_axis(run.labels, order, axis=0)
        precision = hits.cumsum(axis=1) / drawn.cumsum(axis=1).clip(1)
        return ((hits * precision).sum(axis=1) / hits.sum(axis=1)).mean(axis=1, keepdims=True)

    def gains(weights):
        return np.mean([maps(run, weights) for run in poor], axis=0) - maps(good, weights)

    (pair,) = compare_several_labels(runs, n_bootstrap=15)["pairs"]
    (expected,) = bootstrap_weights(gains, resampling_units(good.filenames)[1], 15, 0)
    assert {name: pair[name] for name in ("low", "high")} == pytest.approx(expected, rel=1e-9)


def test_clips_that_only_one_has_are_refused_unless_the_common_ones_are_asked_for(runs):
    one, other = runs[0], select(runs[2], range(12))
    assert "add --common to use the 12 that all runs have" in refusal(compare_several_labels, [one, other])
    found = compare_several_labels([one, other], common=True, n_bootstrap=5, seed=3)
    assert found["clips"] == 12
    assert found["bootstrap"] == {"resamples": 5, "unit": "file", "units": 12, "seed": 3}


def test_seeds_of_one_run_alone_are_one_row_without_a_pair(runs):
    found = compare_several_labels(runs[:2], n_bootstrap=5)
    assert [row["runs"] for row in found["rows"]] == [["poor0", "poor1"]] and found["pairs"] == []
    assert (found["task"], found["clips"], found["folds"]) == ("multi_label", 48, [1, 2, 3])


def test_a_run_differs_from_itself_by_nothing(runs):
    (pair,) = compare_several_labels([runs[0], runs[2]], n_bootstrap=20)["pairs"]
    assert pair["difference"] != 0
    again = compare_several_labels([runs[0], runs[0]], n_bootstrap=20)["pairs"]
    assert [(entry["difference"], entry["low"], entry["high"]) for entry in again] == [(0.0, 0.0, 0.0)]


def test_a_run_with_one_label_is_of_another_task(runs, tmp_path):
    other = read_run(write_run(tmp_path / "one", classes=CLASSES, categories=("x",) * 4))
    said = refusal(compare_several_labels, [runs[0], other])
    assert "is a run of the task multi_label" in said and "expected the same data.task" in said
