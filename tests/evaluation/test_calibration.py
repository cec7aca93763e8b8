"""Calibration against a plain loop in float64, scikit-learn and, away from the edges of bins, torchmetrics."""

import numpy as np
import pytest
import sklearn.metrics
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from esc_gpu.evaluation.calibration import brier_score, calibration, label_calibration, negative_log_likelihood


@pytest.fixture
def predictions():
    """Probabilities of seven classes, and labels."""
    generator = np.random.default_rng(5)
    logits = 2 * generator.standard_normal((400, 7))
    labels = generator.integers(0, 7, 400)
    logits[np.arange(400), labels] += 2
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), labels


def gaps_by_a_loop(probabilities, labels, n_bins):
    """(clips, gap) of each bin that has clips."""
    gaps = []
    for number in range(n_bins):
        mine = []
        for row, label in zip(probabilities, labels, strict=True):
            top = max(row)
            if number / n_bins <= top < (number + 1) / n_bins or (number == n_bins - 1 and top == 1):
                mine.append((top, float(list(row).index(top) == label)))
        if mine:
            gaps.append((len(mine), abs(sum(t for t, _ in mine) - sum(r for _, r in mine)) / len(mine)))
    return gaps


@pytest.mark.parametrize("n_bins", [1, 10, 15])
def test_errors_equal_those_of_a_loop_and_of_torchmetrics(predictions, n_bins):
    found = calibration(*predictions, n_bins=n_bins)
    gaps = gaps_by_a_loop(*predictions, n_bins)
    assert found["ece"] == pytest.approx(sum(n * gap for n, gap in gaps) / 400, rel=1e-12)
    assert found["mce"] == pytest.approx(max(gap for _, gap in gaps), rel=1e-12)
    tensors = [torch.from_numpy(part) for part in predictions]
    for norm, key in (("l1", "ece"), ("max", "mce")):
        theirs = multiclass_calibration_error(*tensors, num_classes=7, n_bins=n_bins, norm=norm)
        assert found[key] == pytest.approx(theirs.item(), abs=1e-6)  # theirs is float32


def test_bins_hold_every_clip_once(predictions):
    probabilities, labels = predictions
    bins = calibration(probabilities, labels)["bins"]
    assert len(bins) == 15 and bins[0]["low"] == 0 and bins[-1]["high"] == 1
    assert sum(bin["count"] for bin in bins) == 400
    assert bins[0] == {"low": 0.0, "high": pytest.approx(1 / 15), "count": 0, "confidence": None, "accuracy": None}
    right = sum(bin["count"] * bin["accuracy"] for bin in bins if bin["count"])
    assert right == pytest.approx((probabilities.argmax(axis=1) == labels).sum())
    for bin in bins:
        assert bin["confidence"] is None or bin["low"] <= bin["confidence"] < bin["high"]


def test_confidence_of_exactly_one_is_in_the_last_bin():
    """torchmetrics has a sixteenth bin for it."""
    probabilities, labels = np.array([[1.0, 0.0], [0.95, 0.05]]), np.array([1, 0])
    found = calibration(probabilities, labels)
    assert found["bins"][-1]["count"] == 2
    assert found["ece"] == found["mce"] == pytest.approx(0.975 - 0.5)


@pytest.mark.parametrize(("confidence", "expected"), [(0.6, 9), (0.599999, 8), (0.8, 12), (1 / 3, 5)])
def test_a_bin_begins_with_its_low_edge(confidence, expected):
    found = calibration(np.array([[confidence, 0.0]]), np.array([0]))
    assert [bin["count"] for bin in found["bins"]].index(1) == expected
    assert found["bins"][expected]["confidence"] == confidence and found["mce"] == pytest.approx(1 - confidence)


def test_perfectly_calibrated():
    """Four clips of confidence 3/4, three of them right."""
    found = calibration(np.array([[0.75, 0.25]] * 4), np.array([0, 0, 0, 1]))
    assert found["ece"] == found["mce"] == 0


def test_likelihood_and_brier_score(predictions):
    probabilities, labels = predictions
    assert negative_log_likelihood(*predictions) == pytest.approx(sklearn.metrics.log_loss(labels, probabilities))
    squares = [
        sum((p - (k == label)) ** 2 for k, p in enumerate(row))
        for row, label in zip(probabilities, labels, strict=True)
    ]
    assert brier_score(*predictions) == pytest.approx(sum(squares) / 400, rel=1e-12)
    assert brier_score(np.array([[1.0, 0.0]]), np.array([1])) == 2


def test_six_decimals_change_little(predictions):
    probabilities, labels = predictions
    rounded = probabilities.round(6)
    assert negative_log_likelihood(rounded, labels) == pytest.approx(negative_log_likelihood(*predictions), abs=1e-4)
    assert brier_score(rounded, labels) == pytest.approx(brier_score(*predictions), abs=1e-5)
    assert calibration(rounded, labels)["ece"] == pytest.approx(calibration(*predictions)["ece"], abs=1e-5)


def test_a_probability_of_nought_costs_what_six_decimals_can_tell():
    assert negative_log_likelihood(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-np.log(5e-7))


def test_pairs_of_a_clip_and_a_class_are_binned_by_their_probability():
    """In the bin from 0.2 on two of three pairs are right, in the last one the only pair is wrong."""
    probabilities = np.array([[0.2, 0.25], [0.22, 1.0]])
    found = label_calibration(probabilities, np.array([[True, False], [True, False]]))
    bins = [bin for bin in found["bins"] if bin["count"]]
    assert [(bin["count"], bin["share"]) for bin in bins] == [(3, pytest.approx(2 / 3)), (1, 0.0)]
    assert found["mce"] == 1.0 and found["ece"] == pytest.approx((3 * (2 / 3 - 0.67 / 3) + 1) / 4)
