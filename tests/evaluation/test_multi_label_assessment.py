"""A finished run with several labels a clip: its numbers and intervals, and thresholds that know nothing of a fold."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import average_precision_score, f1_score

from esc_gpu.evaluation import multi_label_assessment
from esc_gpu.evaluation.bootstrap import bootstrap_weights
from esc_gpu.evaluation.calibration import label_calibration
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.multi_label import SCORES, best_threshold, f1_scores, label_precisions, scores
from esc_gpu.evaluation.multi_label_assessment import assess_several_labels, precisions, sum_intervals
from esc_gpu.evaluation.run_groups import select
from tests.helpers.one_line import refusal
from tests.helpers.several_labels_runs import CLASSES, write_several


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    made = {f"seed{seed}": write_several(folder / f"seed{seed}", seed=seed) for seed in range(2)}
    made["validated"] = write_several(folder / "validated", seed=5, validate=True)
    return {name: read_run(path) for name, path in made.items()}


def test_a_run_has_its_labels_and_probabilities(runs):
    run = runs["seed0"]
    assert run.task == "multi_label" and run.labels.shape == run.probabilities.shape == (48, len(CLASSES))
    assert run.labels.dtype == bool and (run.labels.sum(axis=1) >= 1).all()


def test_the_numbers_of_a_run(runs):
    run = runs["seed0"]
    found = assess_several_labels([run], n_bootstrap=200)
    assert {name: found[name] for name in SCORES} == scores(run.probabilities, run.labels)
    assert found["prior"]["map"] == pytest.approx(run.labels.mean(axis=0).mean())
    fold = run.folds == 2
    assert found["folds"][1]["map"] == pytest.approx(average_precision_score(run.labels[fold], run.probabilities[fold]))
    assert found["over_folds"]["map"]["mean"] == pytest.approx(np.mean([part["map"] for part in found["folds"]]))
    assert found["thresholds"] == {"by_fold": {"1": 0.5, "2": 0.5, "3": 0.5}, "validated": None}
    for label, entry in enumerate(found["per_class"]):
        assert (entry["name"], entry["category"]) == (CLASSES[label], run.class_categories[label])
        assert entry["support"] == run.labels[:, label].sum()
        interval = entry["interval"]
        assert interval["low"] < entry["average_precision"] < interval["high"]
    for name in ("map", "lwlrap", "macro_f1", "micro_f1"):
        assert found["intervals"][name]["low"] < found[name] < found["intervals"][name]["high"]
    assert found["labels_per_clip"] == run.labels.sum() / 48
    assert found["calibration"] == label_calibration(run.probabilities, run.labels)
    assert found["bootstrap"] == {"resamples": 200, "unit": "file", "units": 48, "seed": 0}
    json.dumps(found)  # plain types


def test_weights_of_the_clips_give_precisions_of_classes_and_their_mean():
    """Of two classes; without a clip of one, the other is the mean."""
    probabilities, labels = np.array([[0.9, 0.1], [0.2, 0.3], [0.5, 0.6]]), np.array([[1, 0], [1, 0], [0, 1]], bool)
    weights = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 2], [0, 0, 0]])
    first, nan = 5 / 6, np.nan  # one of one and two of three
    expected = [[(first + 1) / 2, first, 1], [1, 1, nan], [1, nan, 1], [nan, nan, nan]]
    np.testing.assert_allclose(
        precisions(SimpleNamespace(probabilities=probabilities, labels=labels), weights), expected
    )


def test_sums_give_the_scores_of_the_drawn_clips(runs, monkeypatch):
    """Of few clips and a class that one of them has alone, with probabilities that equal the threshold."""
    group = [select(runs[name], range(0, 48, 6)) for name in ("seed0", "seed1")]
    group = [replace(run, probabilities=run.probabilities.round(1)) for run in group]
    for run in group:
        run.labels[:, 3], run.probabilities[:, 3] = np.arange(8) == 0, np.arange(8) == 0

    def of_drawn(run, times):
        labels, probabilities = (part.repeat(times, axis=0) for part in (run.labels, run.probabilities))
        both = f1_scores(probabilities >= 0.5, labels)
        return label_precisions(probabilities, labels).sum() / labels.sum(), both["macro_f1"], both["micro_f1"]

    drawn = np.random.default_rng(0).multinomial(8, np.full(8, 1 / 8), size=30)
    monkeypatch.setattr(
        multi_label_assessment,
        "bootstrap",
        lambda values, units, statistics, *_: {name: its(drawn @ values) for name, its in statistics.items()},
    )
    found = sum_intervals(group, np.full((8, 1), 0.5), np.arange(8), 30, 0)
    expected = np.array([np.mean([of_drawn(run, times) for run in group], axis=0) for times in drawn])
    assert list(found) == ["lwlrap", "macro_f1", "micro_f1"]
    np.testing.assert_allclose(list(found.values()), expected.T, rtol=1e-12)


def test_a_single_clip_of_a_single_label_is_the_whole_interval(runs):
    run = select(runs["seed0"], np.flatnonzero(runs["seed0"].labels.sum(axis=1) == 1)[:1])
    found = assess_several_labels([replace(run, probabilities=run.labels.astype(float))], 10)
    assert all(found["intervals"][name] == {"low": 1, "high": 1} for name in ("lwlrap", "macro_f1", "micro_f1"))


def test_what_cannot_be_assessed_is_refused(runs):
    assert "expected at least 1 resample" in refusal(assess_several_labels, [runs["seed0"]], 0)
    assert "seed0 has no clips" in refusal(assess_several_labels, [select(runs["seed0"], [])])


def test_seeds_are_averaged(runs):
    group = [runs["seed0"], runs["seed1"]]
    found = assess_several_labels(group, n_bootstrap=50)
    assert found["map"] == pytest.approx(np.mean([run["map"] for run in found["runs"]]))
    assert found["over_seeds"]["map"]["std"] > 0 and found["clips"] == 48
    assert [run["seed"] for run in found["runs"]] == [0, 1]


def test_a_threshold_comes_from_validation_clips_of_a_model_that_has_not_seen_the_fold(runs):
    """Fold 2 was left out where fold 1 was validated."""
    run, validated = runs["seed0"], runs["validated"]
    found = assess_several_labels([run], n_bootstrap=50, validated=validated)
    seen = validated.folds == 1
    expected = best_threshold(validated.probabilities[seen], validated.labels[seen])
    assert found["thresholds"]["by_fold"]["2"] == expected and found["thresholds"]["validated"] == "validated"
    fold = run.folds == 2
    by_hand = f1_score(run.labels[fold], run.probabilities[fold] >= expected, average="macro")
    assert found["folds"][1]["macro_f1"] == pytest.approx(by_hand)
    assert found["map"] == assess_several_labels([run], n_bootstrap=50)["map"]
    own = assess_several_labels([validated], n_bootstrap=50)["thresholds"]
    assert own["best"] == best_threshold(validated.probabilities, validated.labels) and own["by_fold"]["1"] == 0.5


def test_what_cannot_choose_a_threshold_is_refused(runs, tmp_path):
    run, validated = runs["seed0"], runs["validated"]
    said = refusal(assess_several_labels, [run], 10, validated=runs["seed1"])
    assert "cannot choose thresholds; expected a run of --validate" in said
    assert "is itself a run of --validate" in refusal(assess_several_labels, [validated], 10, validated=validated)
    part = read_run(write_several(tmp_path / "part", folds=(1, 2), validate=True))
    said = refusal(assess_several_labels, [run], 10, validated=part)
    assert "has no fold that was validated while 3 was left out" in said


def test_the_interval_of_a_weighted_statistic_is_scipys():
    """A mean is one, by weights."""
    generator = np.random.default_rng(0)
    values = generator.exponential(size=80)

    def mean(weights):
        return (weights @ values)[:, None] / weights.sum(axis=1, keepdims=True)

    (found,) = bootstrap_weights(mean, np.arange(80), 4000, 0)
    theirs = scipy.stats.bootstrap((values,), np.mean, n_resamples=4000, rng=np.random.default_rng(1))
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert found["low"] == pytest.approx(theirs.confidence_interval.low, abs=0.06 * width)
    assert found["high"] == pytest.approx(theirs.confidence_interval.high, abs=0.06 * width)


def test_draws_without_a_clip_of_a_class_are_left_out_of_its_interval():
    """Such a class has clips of one source."""
    units = np.array([0, 0, 1, 2])

    def share(weights):
        total = weights[:, :2].sum(axis=1, keepdims=True)
        return np.where(total > 0, weights[:, :1] / np.maximum(total, 1), np.nan)

    assert bootstrap_weights(share, units, 100, 0) == [{"low": 0.5, "high": 0.5}]
    assert bootstrap_weights(lambda weights: np.full((len(weights), 1), np.nan), units, 100, 0) == [None]
