"""Every metric of a run against scikit-learn's and plain sums, on made-up predictions."""

import json
from argparse import ArgumentParser

import numpy as np
import pytest
import sklearn.metrics

from esc_gpu.cli.output import add_bootstrap_arguments
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.assessment import assess, assess_seeds, check_resamples
from esc_gpu.evaluation.bootstrap import RESAMPLES, SEED, accuracy_intervals
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.run_groups import select
from tests.helpers.made_up_runs import CLASSES, make_official, write_esc10_run, write_run

KEYS = [
    *(
        "validation",
        "clips",
        "accuracy",
        "balanced_accuracy",
        "macro_f1",
        "top3_accuracy",
        "nll",
        "brier",
        "calibration",
    ),
    *("per_class", "per_category", "confusion_matrix", "confused_pairs", "folds", "over_folds", "intervals"),
    *("bootstrap", "references", "protocol"),
]
# Those of torchmetrics are float32.
close = {"rel": 1e-6, "abs": 1e-6}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Fold 3 lacks the first class, and no clip of the second is left in any fold."""
    whole = read_run(write_run(tmp_path_factory.mktemp("runs") / "logmel", per_class=8))
    return select(whole, np.flatnonzero((whole.labels != 1) & ((whole.folds != 3) | (whole.labels != 0))))


@pytest.fixture(scope="module")
def assessment(run):
    return assess(run, n_bootstrap=200)


def expected_scores(labels, probabilities):
    """By scikit-learn; a class that is predicted but absent draws its warning."""
    predicted = probabilities.argmax(axis=1)
    every = range(probabilities.shape[1])
    return {
        "accuracy": sklearn.metrics.accuracy_score(labels, predicted),
        "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(labels, predicted),
        "macro_f1": sklearn.metrics.f1_score(labels, predicted, average="macro"),
        "top3_accuracy": sklearn.metrics.top_k_accuracy_score(labels, probabilities, k=3, labels=every),
    }


def test_it_has_the_documented_keys_and_is_plain(assessment):
    assert list(assessment) == KEYS
    assert all(f"`{key}`" in assess.__doc__ for key in KEYS)
    assert json.loads(json.dumps(assessment)) == assessment


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_scores_equal_those_of_scikit_learn_where_classes_are_absent(run, assessment):
    for name, value in expected_scores(run.labels, run.probabilities).items():
        assert assessment[name] == pytest.approx(value, **close)
    assert [fold["fold"] for fold in assessment["folds"]] == [1, 2, 3]
    for fold in assessment["folds"]:
        chosen = run.folds == fold["fold"]
        assert fold["clips"] == chosen.sum()
        for name, value in expected_scores(run.labels[chosen], run.probabilities[chosen]).items():
            assert fold[name] == pytest.approx(value, **close)


def test_spread_over_the_folds(assessment):
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "top3_accuracy"):
        values = [fold[name] for fold in assessment["folds"]]
        assert assessment["over_folds"][name] == pytest.approx({"mean": np.mean(values), "std": np.std(values, ddof=1)})


def test_classes_equal_those_of_scikit_learn(run, assessment):
    expected = sklearn.metrics.precision_recall_fscore_support(
        run.labels, run.predictions, labels=range(len(CLASSES)), zero_division=0
    )
    for key, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        assert [entry[key] for entry in assessment["per_class"]] == pytest.approx(values.tolist(), **close)
    assert [entry["name"] for entry in assessment["per_class"]] == list(CLASSES)
    assert assessment["per_class"][1]["support"] == 0


def test_confusions(run, assessment):
    matrix = sklearn.metrics.confusion_matrix(run.labels, run.predictions, labels=range(len(CLASSES)))
    assert assessment["confusion_matrix"] == matrix.tolist()
    pairs = assessment["confused_pairs"]
    counts = matrix - np.diag(np.diag(matrix))
    assert [pair["count"] for pair in pairs] == np.sort(counts[counts > 0])[::-1][:10].tolist()
    for pair in pairs:
        true, predicted = CLASSES.index(pair["true"]), CLASSES.index(pair["predicted"])
        assert true != predicted and pair["count"] == matrix[true, predicted]
        assert pair["share"] == pytest.approx(matrix[true, predicted] / matrix[true].sum())


def test_categories_by_hand(run, assessment):
    rows = {entry["name"]: entry for entry in assessment["per_category"]}
    assert list(rows) == ["Animals", "Water", "Interior", "Exterior"]
    water = np.isin(run.labels, (2, 3))
    assert rows["Water"]["support"] == water.sum()
    assert rows["Water"]["accuracy"] == pytest.approx((run.predictions == run.labels)[water].mean())
    assert rows["Water"]["category_accuracy"] == pytest.approx(np.isin(run.predictions, (2, 3))[water].mean())
    assert rows["Water"]["category_accuracy"] > rows["Water"]["accuracy"]
    assert rows["Interior"]["category_accuracy"] == rows["Interior"]["accuracy"]  # of one class


def test_a_category_without_clips_has_no_accuracy(run):
    rows = assess(select(run, np.flatnonzero(run.labels > 1)), 10)["per_category"]
    assert rows[0] == {"name": "Animals", "support": 0, "accuracy": None, "category_accuracy": None}


def test_a_last_class_without_clips_is_listed_with_none(run):
    rows = assess(select(run, np.flatnonzero(run.labels < len(CLASSES) - 1)), 10)["per_class"]
    assert len(rows) == len(CLASSES) and rows[-1]["support"] == 0


# Seeds


def test_seeds_together(tmp_path):
    runs = [read_run(write_run(tmp_path / str(seed), seed=seed)) for seed in (3, 5, 8)]
    together, alone = assess_seeds(runs, 300), [assess(run, 300) for run in runs]
    assert [(entry["name"], entry["seed"]) for entry in together["runs"]] == [("3", 3), ("5", 5), ("8", 8)]
    values = [entry["accuracy"] for entry in alone]
    assert [entry["accuracy"] for entry in together["runs"]] == values
    assert together["over_seeds"]["accuracy"] == pytest.approx({"mean": np.mean(values), "std": np.std(values, ddof=1)})
    assert together["accuracy"] == pytest.approx(np.mean(values), **close)
    assert together["nll"] == pytest.approx(np.mean([entry["nll"] for entry in alone]))
    assert together["clips"] == 3 * alone[0]["clips"]
    assert together["bootstrap"]["units"] == alone[0]["bootstrap"]["units"]


def test_one_run_as_its_only_seed(run):
    together = assess_seeds([run], 100)
    assert together["over_seeds"]["macro_f1"] == {"mean": together["macro_f1"], "std": None}
    assert {key: together[key] for key in KEYS} == assess(run, 100)


# Intervals


def test_intervals_hold_the_value_and_follow_the_seed(run, assessment):
    for name, ends in assessment["intervals"].items():
        assert ends["low"] < assessment[name] < ends["high"]
    assert assess(run, 200)["intervals"] == assessment["intervals"]
    assert assess(run, 200, seed=1)["intervals"] != assessment["intervals"]
    sources = {name.split("-")[1] for name in run.filenames}
    assert assessment["bootstrap"] == {
        **{"resamples": 200, "unit": "source recording", "units": len(sources), "seed": 0}
    }


def test_clips_of_one_source_are_drawn_together(run, assessment):
    """Twice the same clip is no more knowledge: the interval stays as wide as of one."""
    source = np.unique([name.split("-")[1] for name in run.filenames], return_inverse=True)[1]
    expected = accuracy_intervals(run.predictions, run.labels, len(run.class_names), source, 200, 0)
    assert assessment["intervals"] == expected
    by_clip = accuracy_intervals(run.predictions, run.labels, len(run.class_names), np.arange(len(source)), 200, 0)
    assert by_clip != expected


def test_without_a_word_the_draws_are_those_of_the_command_line(run):
    parser = ArgumentParser()
    add_bootstrap_arguments(parser)
    options = parser.parse_args([])
    assert (options.bootstrap, options.seed) == (RESAMPLES, SEED)
    drawn = assess_seeds([select(run, [0])])["bootstrap"]
    assert (drawn["resamples"], drawn["seed"]) == (10_000, 0)


# Published results


def test_the_tested_recordings_bring_their_references(tmp_path, monkeypatch):
    folder = write_esc10_run(tmp_path / "run", folds=(1, 2))
    assert assess(read_run(folder), 10)["references"] == []
    make_official(monkeypatch, folder)
    assert assess(read_run(folder), 10)["references"]


def test_a_validation_is_compared_with_no_published_test(tmp_path, monkeypatch):
    folder = write_esc10_run(tmp_path / "run", validate=True)
    make_official(monkeypatch, folder)
    found = assess(read_run(folder), 10)
    assert found["validation"] and found["references"] == []


# Mistakes


@pytest.mark.parametrize(("n_bootstrap", "seed"), [(0, 0), (100, -1), (1_000_001, 0)])
def test_bootstrap_out_of_range(run, n_bootstrap, seed):
    with pytest.raises(EscGpuError, match=rf"^bootstrap is {n_bootstrap} and seed {seed}; expected at least 1"):
        assess(run, n_bootstrap, seed)


def test_bootstrap_in_range():
    check_resamples(1, 0)
    check_resamples(1_000_000, 1)


def test_a_run_without_clips(run):
    with pytest.raises(EscGpuError, match=r"logmel has no clips in its predictions.csv; expected some; train"):
        assess_seeds([select(run, [])])
