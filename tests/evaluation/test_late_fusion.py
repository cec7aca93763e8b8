"""The mean of runs' probabilities, by hand."""

import numpy as np
import pytest

from esc_gpu import EscGpuError
from esc_gpu.evaluation.comparison import compare
from esc_gpu.evaluation.finished_run import RunResults, read_run
from esc_gpu.evaluation.late_fusion import late_fusion
from tests.helpers.made_up_runs import write_run

NAMES = tuple(f"1-{source}-A-0.wav" for source in range(4))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A whole run, to take the summary of."""
    return read_run(write_run(tmp_path_factory.mktemp("runs") / "whole", folds=(1,)))


def run_of(whole, name, frontend, seed, probabilities, order=(0, 1, 2, 3)):
    """A run of four clips, of the classes 0, 0, 1 and 2."""
    config = whole.config | {
        "frontend": whole.config["frontend"] | {"name": frontend},
        "train": whole.config["train"] | {"seed": seed},
    }
    summary = whole.summary | {"frontend": {"name": frontend, "backend": "native"}, "config": config}
    labels, folds = np.array([0, 0, 1, 2]), np.ones(4, dtype=np.int64)
    order = list(order)
    names = tuple(NAMES[number] for number in order)
    return RunResults(whole.folder.parent / name, summary, names, folds, labels[order], np.array(probabilities)[order])


FIRST = [[0.6, 0.4, 0.0], [0.4, 0.5, 0.1], [0.7, 0.3, 0.0], [0.2, 0.2, 0.6]]  # 2 of 4
SECOND = [[0.3, 0.7, 0.0], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.5, 0.1, 0.4]]  # 2 of 4
MEAN = [[0.45, 0.55, 0.0], [0.6, 0.3, 0.1], [0.4, 0.55, 0.05], [0.35, 0.15, 0.5]]  # 3 of 4


def test_it_is_the_mean_of_the_same_clips_whatever_their_order(whole):
    one = run_of(whole, "one", "logmel", 0, FIRST)
    (mean,) = late_fusion([one, run_of(whole, "two", "cqt", 0, SECOND, order=(3, 1, 0, 2))])
    np.testing.assert_allclose(mean.probabilities, MEAN)
    assert mean.filenames == NAMES and mean.predictions.tolist() == [1, 0, 1, 2]
    assert mean.name == "mean of one + two" and mean.summary["folds"] == [{"fold": 1, "seconds": 20.0}]
    np.testing.assert_allclose(one.probabilities, FIRST)  # as it was


def test_it_is_a_row_beside_its_parts_with_their_tests(whole):
    runs = [run_of(whole, "one", "logmel", 0, FIRST), run_of(whole, "two", "cqt", 0, SECOND)]
    result = compare([*runs, *late_fusion(runs)], n_bootstrap=100)
    assert [(row["name"], row["frontend"], row["accuracy"]) for row in result["rows"]] == [
        ("one", "logmel", 0.5),
        ("two", "cqt", 0.5),
        ("mean of one + two", "mean of logmel, cqt", 0.75),
    ]
    pairs = {(pair["first"], pair["second"]): pair for pair in result["pairs"]}
    against = pairs["one", "mean of one + two"]
    # The mean finds clips 1 and 2, which the first does not, and loses clip 0: McNemar's p of 1 against 2 is 1.
    assert (against["first_only"], against["second_only"], against["p_value"]) == (1, 2, 1.0)
    assert against["difference"] == pytest.approx(-0.25) and against["low"] <= -0.25 <= against["high"]
    assert (pairs["two", "mean of one + two"]["first_only"], pairs["two", "mean of one + two"]["second_only"]) == (0, 1)


def test_of_several_seeds_each_has_a_mean_and_they_are_a_row(whole):
    runs = [run_of(whole, f"{name}{seed}", name, seed, FIRST) for name in ("logmel", "cqt") for seed in (0, 1, 2)]
    means = late_fusion([runs[0], runs[1], runs[4], runs[5]])  # seeds 0 and 1, and seeds 1 and 2
    assert [mean.name for mean in means] == ["mean of logmel1 + cqt1"]
    means = late_fusion(runs)
    assert [mean.config["train"]["seed"] for mean in means] == [0, 1, 2]
    assert [row["seeds"] for row in compare([*runs, *means], n_bootstrap=100)["rows"]] == [[0, 1, 2]] * 3


def test_of_seeds_alone_or_of_none_in_common_it_is_one_mean_of_all(whole):
    same = [run_of(whole, f"seed{seed}", "logmel", seed, values) for seed, values in enumerate((FIRST, SECOND))]
    apart = [same[0], run_of(whole, "two", "cqt", 1, SECOND)]
    for runs in (same, apart):
        (mean,) = late_fusion(runs)
        np.testing.assert_allclose(mean.probabilities, MEAN)


def test_other_clips_are_refused_or_left_out(whole):
    one, two = run_of(whole, "one", "logmel", 0, FIRST), run_of(whole, "two", "cqt", 0, SECOND, order=(1, 2))
    with pytest.raises(EscGpuError, match="expected the same clips"):
        late_fusion([one, two])
    (mean,) = late_fusion([one, two], common=True)
    np.testing.assert_allclose(mean.probabilities, MEAN[1:3])
