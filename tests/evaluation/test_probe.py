"""Probes of embeddings: equal to scikit-learn's by hand, and blind to the fold that they are tested on."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from esc_gpu.evaluation.probe import PROBES, class_probabilities, probe

LABELS = np.arange(60) % 3
FOLDS = np.arange(60) // 20
NAMES = [f"{number}.wav" for number in range(60)]


def embeddings(spread, seed=0):
    generator = np.random.default_rng(seed)
    centres = np.eye(3, 8)[LABELS]
    return (centres * np.arange(1, 9) + spread * generator.standard_normal((60, 8)) + 5).astype(np.float32)


def splits(values, folds=(0, 1, 2)):
    return [(fold, np.flatnonzero(fold != FOLDS), np.flatnonzero(fold == FOLDS), values) for fold in folds]


def test_the_probes_are_scikit_learn_s_on_standardised_training_embeddings():
    values = embeddings(1.0)
    _, train, test, _ = splits(values)[0]
    known = values[train].astype(float)
    mean, std = known.mean(axis=0), known.std(axis=0)
    scaled, new = (known - mean) / std, (values[test] - mean) / std
    for name, by_hand in {
        "logistic_regression": LogisticRegression(max_iter=2000),
        "nearest_neighbours": KNeighborsClassifier(5, metric="cosine", weights="distance"),
    }.items():
        expected = by_hand.fit(scaled, LABELS[train]).predict_proba(new)
        found = class_probabilities(PROBES[name], values[train], LABELS[train], values[test], 3)
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("name", PROBES)
def test_labels_of_a_tested_fold_and_its_embeddings_teach_nothing(name):
    """Every score of a fold follows from the training folds: with its labels turned round, the same predictions."""
    values = embeddings(0.3)
    honest = probe(splits(values), LABELS, NAMES, 3, 50)
    assert honest[name]["accuracy"] > 0.9 and honest["clips"] == 60
    noise = np.random.default_rng(1).standard_normal(values.shape).astype(np.float32)
    guess = probe(splits(noise), LABELS, NAMES, 3, 50)[name]
    assert guess["accuracy"] < 0.6
    other = np.where(FOLDS == 0, (LABELS + 1) % 3, LABELS)
    turned = probe(splits(values, (0,)), other, NAMES, 3, 50)
    alone = probe(splits(values, (0,)), LABELS, NAMES, 3, 50)
    assert turned[name]["accuracy"] < 0.1 < 0.9 < alone[name]["accuracy"]


def test_scores_intervals_and_folds_are_those_of_an_evaluation():
    result = probe(splits(embeddings(2.0)), LABELS, NAMES, 3, 200, 1)
    for name in PROBES:
        found = result[name]
        assert found["intervals"]["accuracy"]["low"] < found["accuracy"] < found["intervals"]["accuracy"]["high"]
        assert found["accuracy"] == pytest.approx(np.mean([fold[name] for fold in result["folds"]]))
        assert {"balanced_accuracy", "macro_f1", "top3_accuracy"} < found.keys()
    assert [(fold["fold"], fold["clips"]) for fold in result["folds"]] == [(0, 20), (1, 20), (2, 20)]
    assert result["bootstrap"] == {"resamples": 200, "unit": "file", "units": 60, "seed": 1}


def test_classes_that_teach_little_or_nothing_are_no_error():
    values, two, alone = embeddings(0.1), np.array([0, 1, 3, 4]), np.array([2, 5])
    for create in PROBES.values():
        found = class_probabilities(create, values[two], LABELS[two], values[alone], 3)
        np.testing.assert_allclose(found.sum(axis=1), 1)
        assert (found[:, 2] == 0).all()
        one = class_probabilities(create, values[alone], LABELS[alone], values[two], 3)
        assert (one == [0, 0, 1]).all()
