"""How well features tell the classes apart, against scikit-learn and by cases whose answer is known."""

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from esc_gpu.evaluation.feature_statistics import FeatureStatistics, RunningStatistics
from esc_gpu.evaluation.separability import separability

SEVERAL = np.array([[1, 0, 1], [1, 1, 1], [0, 1, 1], [0, 0, 1]] * 4, dtype=bool)  # the third is of all clips


def vectors(values):
    """Statistics of clips whose means are the values `(clips, F)` and whose spreads are 0."""
    means = np.asarray(values, dtype=float)[:, None]
    return FeatureStatistics(np.array([1]), np.zeros((1, 1, 1)), np.ones((1, 1, 1)), means, np.zeros_like(means))


def test_classes_of_one_mean_are_told_by_their_spread():
    """As a steady noise and clicks that are as loud in the mean."""
    generator, labels = np.random.default_rng(0), np.arange(40) % 2
    features = torch.from_numpy(generator.standard_normal((40, 1, 2, 50)) * (1 + 4 * labels)[:, None, None, None])
    statistics = RunningStatistics(2, 40, (1, 2))
    statistics.update(features - features.mean(dim=-1, keepdim=True), labels, np.arange(40))
    assert separability(statistics.result(), labels, np.arange(40) // 10).balanced_accuracy == 1


def test_classes_far_apart_are_all_told():
    labels = np.arange(60) % 3
    points = np.array([[0, 0], [50, 0], [0, 50]])[labels] + np.random.default_rng(0).standard_normal((60, 2))
    found = separability(vectors(points), labels, np.arange(60) // 12)
    assert found.balanced_accuracy == 1 and found.recall.tolist() == [1, 1, 1]
    assert found.silhouette > 0.9


def test_the_silhouette_is_rousseeuws():
    generator = np.random.default_rng(1)
    points, labels = generator.standard_normal((20, 4)) * [1, 10, 100, 1000], np.arange(20) % 2
    scaled = (points - points.mean(axis=0)) / points.std(axis=0)
    distances = np.linalg.norm(scaled[:, None] - scaled, axis=-1)
    values = []
    for i in range(20):
        own = distances[i, (labels == labels[i]) & (np.arange(20) != i)].mean()
        other = distances[i, labels != labels[i]].mean()
        values.append((other - own) / max(own, other))
    assert separability(vectors(points), labels, np.arange(20) // 5).silhouette == pytest.approx(np.mean(values))


def test_a_fold_is_not_learnt_from_itself():
    """Which side is which class turns round from fold to fold: what is learnt from the others is all wrong."""
    labels, folds = np.arange(40) % 2, np.arange(40) // 20
    points = (np.where(folds == 0, labels, 1 - labels) + 0.01 * np.random.default_rng(0).standard_normal(40))[:, None]
    assert separability(vectors(points), labels, folds).balanced_accuracy == 0


def test_the_discriminant_is_scikit_learn_s_with_its_covariance_shrunk():
    """Of as many bins as clips, where it matters; the spreads are bins, too."""
    labels, folds = np.arange(40) % 2, np.arange(40) // 20
    points = np.random.default_rng(0).standard_normal((40, 20)) * np.arange(1, 21) + labels[:, None]
    bins = np.hstack([points, np.zeros_like(points)])
    predicted = np.empty_like(labels)
    for fold in (0, 1):
        known, new = bins[folds != fold], bins[folds == fold]
        mean, std = known.mean(axis=0), known.std(axis=0) + (bins[0] == 0)
        rule = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit((known - mean) / std, labels[:20])
        predicted[folds == fold] = rule.predict((new - mean) / std)
    found = separability(vectors(points), labels, folds)
    assert found.recall.tolist() == [(predicted[labels == label] == label).mean() for label in (0, 1)]


def test_the_accuracy_is_balanced():
    """Nine clips in ten are of one class; without information the other one is not counted away."""
    labels = (np.arange(100) % 10 == 0).astype(int)
    points = np.random.default_rng(0).standard_normal((100, 1))
    found = separability(vectors(points), labels, np.arange(100) // 20)
    assert found.balanced_accuracy == pytest.approx(found.recall.mean()) == pytest.approx(0.5, abs=0.1)


def test_more_bins_than_clips_and_bins_that_do_not_vary():
    labels = np.arange(30) % 3
    points = np.random.default_rng(0).standard_normal((30, 200)) + 3 * np.eye(3).repeat(67, axis=1)[:, :200][labels]
    points[:, 5] = -80
    assert separability(vectors(points), labels, np.arange(30) // 6).balanced_accuracy > 0.9


@pytest.mark.filterwarnings("error")
def test_several_labels_are_told_from_their_absence():
    """The first two classes by a value of their own; the third is of all clips, and the fourth of one clip alone."""
    labels = np.column_stack([SEVERAL, np.arange(16) == 5])
    points = 10.0 * labels[:, :2] + np.random.default_rng(0).standard_normal((16, 2))
    found = separability(vectors(points), labels, np.arange(16) // 8)
    assert found.silhouette is None and found.recall[:3].tolist() == [1, 1, 1]
    assert found.recall[3] == 0  # no training clip of another fold has it
    assert found.balanced_accuracy == pytest.approx((1 + 1 + 0.5) / 3, abs=0.1)
    rare = np.column_stack([SEVERAL[:, 0], np.arange(16) % 8 == 4])  # one clip in each fold
    noise = np.random.default_rng(1).standard_normal((16, 1))
    both = separability(vectors(np.column_stack([noise, 9 * rare])), rare, np.arange(16) // 8)
    assert both.recall.tolist() == [1, 1] and both.balanced_accuracy > 0.95


def test_both_kinds_of_mistakes_count_as_much_for_a_rare_label():
    """Its clips are one in ten and overlap with the others: equal shares are found of both, as of equal numbers."""
    labels = (np.arange(2000) % 10 == 0)[:, None]
    points = np.random.default_rng(0).standard_normal((2000, 1)) + 1.0 * labels
    found = separability(vectors(points), labels, np.arange(2000) // 1000)
    assert found.recall[0] == pytest.approx(0.69, abs=0.04)  # of a normal variable, 1/2 is less than half a deviation
    assert found.balanced_accuracy == pytest.approx(0.69, abs=0.03)
