"""Metrics of several labels a clip: scikit-learn's, and for lwlrap the definition of its task."""

import numpy as np
import pytest
import sklearn.metrics
import torch

from esc_gpu.evaluation.multi_label import (
    SCORES,
    average_precisions,
    best_threshold,
    class_scores,
    evaluate,
    f1_scores,
    label_precisions,
    scores,
    summarize,
)


def made_up(seed, n=60, num_classes=5, decimals=6):
    generator = np.random.default_rng(seed)
    labels = generator.random((n, num_classes)) < 0.35
    labels[np.arange(n), generator.integers(0, num_classes, n)] = True
    skill = generator.random((n, num_classes)) + 0.4 * labels
    return np.round(skill / 1.4, decimals), labels


def lwlrap_by_definition(probabilities, labels):
    """DCASE 2019, task 2: the precision at the rank of each label of a clip, averaged over all labels."""
    precisions = []
    for scored, true in zip(probabilities, labels, strict=True):
        order = np.argsort(-scored, kind="stable")
        hits = np.cumsum(true[order]) / np.arange(1, len(order) + 1)
        precisions += hits[true[order]].tolist()
    return np.mean(precisions)


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("seed", range(4))
def test_they_are_those_of_scikit_learn(seed, decimals):
    probabilities, labels = made_up(seed, decimals=decimals)
    found, said = scores(probabilities, labels, 0.6), probabilities >= 0.6
    metrics = sklearn.metrics
    assert found["map"] == pytest.approx(metrics.average_precision_score(labels, probabilities, average="macro"))
    assert found["micro_ap"] == pytest.approx(metrics.average_precision_score(labels, probabilities, average="micro"))
    assert found["auroc"] == pytest.approx(metrics.roc_auc_score(labels, probabilities, average="macro"))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(labels, said, average="macro"))
    assert found["micro_f1"] == pytest.approx(metrics.f1_score(labels, said, average="micro"))
    weights = labels.sum(axis=1)
    ranked = metrics.label_ranking_average_precision_score(labels, probabilities, sample_weight=weights)
    assert found["lwlrap"] == pytest.approx(ranked)
    assert label_precisions(probabilities, labels).sum() / labels.sum() == pytest.approx(ranked)
    assert list(found) == list(SCORES)
    rows = class_scores(probabilities, labels, 0.6)
    for name, score in (("precision", metrics.precision_score), ("recall", metrics.recall_score)):
        assert [row[name] for row in rows] == pytest.approx(score(labels, said, average=None, zero_division=0).tolist())
    assert [row["f1"] for row in rows] == pytest.approx(metrics.f1_score(labels, said, average=None).tolist())


def test_lwlrap_is_that_of_its_task():
    probabilities, labels = made_up(7)
    assert scores(probabilities, labels)["lwlrap"] == pytest.approx(lwlrap_by_definition(probabilities, labels))


def test_a_class_without_clips_or_without_others_is_left_out():
    probabilities, labels = made_up(1)
    labels[:, 0], labels[:, 1] = False, True
    found = scores(probabilities, labels)
    assert average_precisions(probabilities, labels)[0] is None
    assert found["map"] == pytest.approx(
        sklearn.metrics.average_precision_score(labels[:, 1:], probabilities[:, 1:], average="macro")
    )
    assert found["auroc"] == pytest.approx(sklearn.metrics.roc_auc_score(labels[:, 2:], probabilities[:, 2:]))
    nothing = scores(probabilities, np.zeros_like(labels))
    assert [nothing[name] for name in ("map", "micro_ap", "auroc", "lwlrap")] == [None] * 4


def test_what_was_neither_said_nor_true_counts_for_nothing():
    """Of the first class one of two clips is found, the second is heard wrongly, the third is not there at all."""
    said = np.array([[True, True, False, True], [False, False, False, False]])
    labels = np.array([[True, False, False, True], [True, False, False, False]])
    assert f1_scores(said, labels) == pytest.approx({"macro_f1": (2 / 3 + 0 + 1) / 3, "micro_f1": 4 / 6})
    assert f1_scores(said & False, labels & False) == {"macro_f1": 0, "micro_f1": 0}
    rows = class_scores(0.5 * said, labels)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    assert columns == {
        "average_precision": [1, None, None, 1],
        "auroc": [None, None, None, 1],
        "precision": [1, 0, 0, 1],
        "recall": [0.5, 0, 0, 1],
        "f1": pytest.approx([2 / 3, 0, 0, 1]),
    }


def test_a_threshold_for_each_clip():
    probabilities, labels = made_up(2)
    threshold = np.where(np.arange(len(labels)) % 2, 0.3, 0.7)[:, None]
    said = np.array([row >= limit for row, limit in zip(probabilities, threshold, strict=True)])
    assert scores(probabilities, labels, threshold)["macro_f1"] == f1_scores(said, labels)["macro_f1"]


def test_the_best_threshold_has_the_largest_macro_f1():
    probabilities, labels = made_up(3)
    by_hand = [
        sklearn.metrics.f1_score(labels, probabilities >= step / 100, average="macro", zero_division=0)
        for step in range(1, 100)
    ]
    assert by_hand[round(100 * best_threshold(probabilities, labels)) - 1] == pytest.approx(max(by_hand))
    perfect = np.where(labels, 0.8, 0.3)  # every threshold above 0.3 and up to 0.8 is as good
    assert best_threshold(perfect, labels) == 0.5
    assert best_threshold(np.where(labels, 0.2, 0.1), labels) == pytest.approx(0.2)
    assert best_threshold(np.where(labels, 0.015, 0.005), labels) == 0.01
    assert best_threshold(np.where(labels, 0.99, 0.985), labels) == 0.99
    assert best_threshold(np.where(labels, 1, 0.995), labels) == 0.5  # 1 is not tried, and the others are as bad


def test_what_rounding_adds_to_a_sum_makes_no_threshold_better():
    """The mean of the three F1 is 47/90 up to 0.2 and up to 0.7, but of other classes, so the sums end otherwise."""
    scored = np.array([[0, 0, 0.7], [0, 0.7, 0.2], [0.7, 0.2, 0.7], [0.2, 0, 0], [0.7, 0.7, 0.7]])
    labels = np.array([[1, 0, 0], [0, 1, 1], [1, 0, 1], [0, 0, 0], [0, 0, 0]], dtype=bool)
    low, high = (f1_scores(scored >= threshold, labels)["macro_f1"] for threshold in (0.2, 0.5))
    assert low > high == pytest.approx(47 / 90, rel=1e-12) and best_threshold(scored, labels) == 0.5


def test_a_fold_and_all_folds():
    parts = [made_up(seed, n=30) for seed in range(3)]
    folds = [evaluate(torch.from_numpy(p).logit(), torch.from_numpy(labels)) for p, labels in parts]
    assert folds[0]["map"] == pytest.approx(sklearn.metrics.average_precision_score(parts[0][1], parts[0][0]))
    summary = summarize(folds)
    assert summary["clips"] == 90 and summary["map"]["mean"] == pytest.approx(np.mean([fold["map"] for fold in folds]))
    expected = np.mean([fold["average_precision"] for fold in folds], axis=0)
    assert summary["average_precision"] == pytest.approx(expected.tolist())


def test_a_mean_over_the_folds_is_that_of_those_where_it_is_defined():
    some = dict.fromkeys(SCORES, 0.25)
    folds = [
        {**some, "map": 0.5, "auroc": None, "clips": 2, "average_precision": [None, 0.5, None]},
        {**some, "map": None, "auroc": None, "clips": 3, "average_precision": [0.25, 1.0, None]},
    ]
    summary = summarize(folds)
    assert summary["average_precision"] == [0.25, 0.75, None] and summary["clips"] == 5
    assert summary["map"] == {"mean": 0.5, "std": None} and summary["auroc"] == {"mean": None, "std": None}
    assert summary["lwlrap"] == {"mean": 0.25, "std": 0}
