"""Bootstrap intervals: against scipy's, their coverage, and what is drawn."""

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from esc_gpu.evaluation.bootstrap import (
    AT_ONCE,
    accuracy_intervals,
    bootstrap,
    bootstrap_weights,
    paired_difference,
    resampling_units,
)

RESAMPLES = 4001  # drawn in parts, of which the last is of one


@pytest.fixture(scope="module")
def predictions():
    """Predictions and labels of 240 clips of six classes, 40 clips each."""
    generator = np.random.default_rng(2)
    labels = np.repeat(np.arange(6), 40)
    predictions = np.where(generator.random(240) < 0.7, labels, generator.integers(0, 6, 240))
    return predictions, labels


def by_scipy(data, statistic, n_resamples=RESAMPLES, **options):
    """The interval of the same draws."""
    rng = np.random.default_rng(0)
    found = scipy.stats.bootstrap(data, statistic, n_resamples=n_resamples, batch=AT_ONCE, rng=rng, **options)
    return pytest.approx({"low": found.confidence_interval.low, "high": found.confidence_interval.high}, rel=1e-9)


def test_accuracy_as_by_scipy(predictions):
    right = predictions[0] == predictions[1]
    ends = accuracy_intervals(*predictions, 6, np.arange(240), RESAMPLES, 0)["accuracy"]
    assert ends == by_scipy((right,), np.mean)


def test_macro_f1_as_by_scipy(predictions):
    def macro_f1(predicted, labels):
        return sklearn.metrics.f1_score(labels, predicted, average="macro")

    ends = accuracy_intervals(*predictions, 6, np.arange(240), 60, 0)["macro_f1"]
    assert ends == by_scipy(predictions, macro_f1, 60, paired=True, vectorized=False)


def test_macro_f1_counts_a_class_that_is_predicted_once_and_never_true():
    """One unit is drawn always, so the interval is the value."""
    predicted, labels = np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1])
    ends = accuracy_intervals(predicted, labels, 3, np.zeros(4, dtype=int), 10, 0)["macro_f1"]
    expected = sklearn.metrics.f1_score(labels, predicted, average="macro")
    assert (ends["low"], ends["high"]) == (pytest.approx(expected), pytest.approx(expected))


def test_macro_f1_of_a_single_class_is_that_class():
    labels = np.zeros(4, dtype=int)
    assert accuracy_intervals(labels, labels, 3, np.arange(4), 10, 0)["macro_f1"] == {"low": 1, "high": 1}


def test_paired_difference_as_by_scipy(predictions):
    generator = np.random.default_rng(4)
    right = predictions[0] == predictions[1]
    other = np.where(generator.random(240) < 0.8, right, generator.random(240) < 0.4)
    found = paired_difference(right, other, np.arange(240), RESAMPLES, 0)
    assert found["difference"] == pytest.approx(right.mean() - other.mean())
    assert {name: found[name] for name in ("low", "high")} == by_scipy((right.astype(float) - other,), np.mean)
    swapped = paired_difference(other, right, np.arange(240), RESAMPLES, 0)
    assert swapped["low"] == pytest.approx(-found["high"], abs=0.006)


def test_a_skewed_mean_as_by_scipy():
    """Where the acceleration counts: without it the interval is 1.3 to 7.4 instead of 1.5 to 8.9."""
    sample = np.random.default_rng(0).exponential(size=25) ** 2
    values = np.column_stack([sample, np.ones_like(sample)])
    ends = bootstrap(values, np.arange(25), {"mean": lambda sums: sums[:, 0] / sums[:, 1]}, 20_000, 0)["mean"]
    assert ends == by_scipy((sample,), np.mean, 20_000)


def test_weights_of_the_clips_give_the_interval_of_their_sums():
    """Two clips of each unit, and more units than are left out together."""
    units = np.repeat(np.arange(AT_ONCE + 20), 2)
    sample = np.random.default_rng(0).exponential(size=len(units)) ** 2
    values = np.column_stack([sample, np.ones_like(sample)])
    expected = bootstrap(values, units, {"mean": lambda sums: sums[:, 0] / sums[:, 1]}, 51, 3)["mean"]
    (found,) = bootstrap_weights(lambda weights: (weights @ sample / weights.sum(axis=1))[:, None], units, 51, 3)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("estimate", "below"), [(0.0, 0.5 / 4), (99.0, 1 - 0.5 / 4)])
def test_an_estimate_beyond_all_four_draws_is_beyond_all_but_half_a_draw(estimate, below):
    """By whom the bias would be infinite."""
    values = np.sqrt(np.arange(1, 9))

    def statistic(weights):
        """Of a draw a sum; of all units the estimate; the same whichever is left out."""
        once = weights.max(axis=1) == 1
        return np.where(once, np.where(weights.min(axis=1) == 1, estimate, 1), weights @ values)[:, None]

    draws = np.random.default_rng(0).integers(8, size=(4, 8))
    places = scipy.stats.norm.cdf(2 * scipy.stats.norm.ppf(below) + scipy.stats.norm.ppf([0.025, 0.975]))
    low, high = np.quantile(values[draws].sum(axis=1), places)
    expected = pytest.approx({"low": low, "high": high}, rel=1e-9)
    assert bootstrap_weights(statistic, np.arange(8), 4, 0) == [expected]


def test_what_is_undefined_of_all_clips_or_of_each_draw_has_no_interval():
    def statistics(weights):
        is_whole = weights.min(axis=1) == 1
        return np.column_stack([np.where(is_whole, np.nan, 1), np.where(is_whole, 1, np.nan)])

    assert bootstrap_weights(statistics, np.arange(30), 5, 0) == [None, None]


def test_a_single_unit_cannot_be_left_out():
    def share(weights):
        total = weights.sum(axis=1, keepdims=True)
        return np.where(total > 0, weights[:, :1] / np.maximum(total, 1), np.nan)

    assert bootstrap_weights(share, np.zeros(4, dtype=int), 10, 0) == [{"low": 0.25, "high": 0.25}]


def test_a_single_clip_is_the_whole_interval():
    one, unit = np.array([1]), np.array([0])
    assert accuracy_intervals(one, one, 2, unit, 10, 0)["accuracy"] == {"low": 1, "high": 1}
    assert paired_difference(one == 1, one == 0, unit, 10, 0) == {"difference": 1, "low": 1, "high": 1}


def test_classes_with_neither_clips_nor_predictions_count_for_nothing(predictions):
    units = np.arange(240)
    with_two_more = accuracy_intervals(*predictions, 8, units, 300, 0)
    for name, ends in accuracy_intervals(*predictions, 6, units, 300, 0).items():
        assert with_two_more[name] == pytest.approx(ends, rel=1e-9)


def test_a_pair_is_narrower_than_its_parts(predictions):
    """Clips that are easy for both cancel out."""
    right = predictions[0] == predictions[1]
    other = right.copy()
    other[:10] = ~other[:10]
    found = paired_difference(right, other, np.arange(240), RESAMPLES, 0)
    alone = accuracy_intervals(*predictions, 6, np.arange(240), RESAMPLES, 0)["accuracy"]
    assert found["high"] - found["low"] < 0.6 * (alone["high"] - alone["low"])


def test_the_intervals_cover_the_truth_where_clips_of_a_source_share_their_fate():
    """200 sets of 60 sources of one to eight clips; the truth is known, and should be missed one time in twenty."""
    generator = np.random.default_rng(0)
    covered = {"sources": 0, "clips": 0}
    for trial in range(200):
        units = np.repeat(np.arange(60), generator.integers(1, 9, 60))
        right = generator.random(len(units)) < generator.beta(1.2, 0.3, 60)[units]
        for name, drawn in (("sources", units), ("clips", np.arange(len(units)))):
            ends = accuracy_intervals((~right).astype(int), np.zeros_like(units), 2, drawn, 500, trial)["accuracy"]
            covered[name] += ends["low"] <= 0.8 <= ends["high"]
    assert 0.9 <= covered["sources"] / 200 <= 0.99
    assert covered["clips"] / 200 < 0.8  # as if each clip were news


def test_macro_f1_is_covered_with_few_clips_a_class():
    """20 classes of 8 clips: in a draw, F1 is on average far lower than in the whole."""
    generator = np.random.default_rng(1)
    labels, covered = np.repeat(np.arange(20), 8), 0
    for trial in range(100):
        predicted = np.where(generator.random(160) < 0.7, labels, generator.integers(0, 20, 160))
        ends = accuracy_intervals(predicted, labels, 20, np.arange(160), 500, trial)["macro_f1"]
        covered += ends["low"] <= 0.715 <= ends["high"]  # recall and precision are 0.7 + 0.3 / 20
    assert covered >= 88


def test_everything_right_or_one_unit_has_no_width():
    for predicted, units in ((np.zeros(9, int), np.arange(9)), (np.arange(9) % 2, np.zeros(9, int))):
        ends = accuracy_intervals(predicted, np.zeros(9, int), 2, units, 50, 0)["accuracy"]
        assert ends["low"] == ends["high"] == pytest.approx((predicted == 0).mean())


def test_the_seed_decides(predictions):
    first, again, other = (accuracy_intervals(*predictions, 6, np.arange(240), 700, seed) for seed in (1, 1, 2))
    assert first == again != other


# What is drawn


def test_units_of_esc50_are_source_recordings():
    names = ["1-100032-A-0.wav", "5-9-B-13.ogg", "1-100032-B-0.wav", "2-17-A1-49.flac"]
    unit, units = resampling_units(names)
    assert unit == "source recording" and units[0] == units[2] and len(set(units.tolist())) == 3
    assert units.dtype == np.int64 and sorted(set(units.tolist())) == [0, 1, 2]


@pytest.mark.parametrize(
    "names",
    [
        ["train/dog/1-7-A-0.wav", "test/cat/5-9-B-13.ogg", "train/dog/1-7-B-0.wav"],
        ["audio/fold1/7-3-0-0.wav", "audio/fold2/9-3-0-0.wav", "audio/fold1/7-3-0-1.wav"],  # of UrbanSound8K
        ["dog/0a_nohash_0.wav", "dog/0b_nohash_0.wav", "cat/0a_nohash_1.wav"],  # of Speech Commands
    ],
)
def test_units_of_known_names_in_folders_are_source_recordings(names):
    unit, units = resampling_units(names)
    assert unit == "source recording" and units.tolist() == [0, 1, 0]


@pytest.mark.parametrize("name", ["a.wav", "1-2-A.wav", "folder/1-2-A.wav", "1-2-a-3.wav", "1-2-A-3"])
def test_other_names_are_units_themselves(name):
    unit, units = resampling_units(["1-100032-A-0.wav", name, "1-100032-B-0.wav", name])
    assert unit == "file" and units[1] == units[3] and len(set(units.tolist())) == 3
