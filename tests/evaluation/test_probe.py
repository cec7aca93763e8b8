"""Probes of embeddings: equal to scikit-learn's by hand, and blind to the fold that they are tested on."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from esc_gpu.evaluation.bootstrap import resampling_units
from esc_gpu.evaluation.multi_label_assessment import precision_intervals
from esc_gpu.evaluation.multi_label_probe import Answers, label_probabilities
from esc_gpu.evaluation.probe import LABEL_PROBES, PROBES, class_probabilities, probe
from esc_gpu.report.probe_tables import probe_tables
from esc_gpu.report.tables import share

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
        assert PROBES[name](13).get_params() == by_hand.get_params()
        expected = by_hand.fit(scaled, LABELS[train]).predict_proba(new)
        found = class_probabilities(PROBES[name], 3, values[train], LABELS[train], values[test])
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("name", PROBES)
def test_labels_of_a_tested_fold_and_its_embeddings_teach_nothing(name):
    """Every score of a fold follows from the training folds: with its labels turned round, the same predictions."""
    values = embeddings(0.3)
    honest = probe(splits(values), LABELS, NAMES, 3, 50, 0)
    assert honest[name]["accuracy"] > 0.9 and honest["clips"] == 60
    noise = np.random.default_rng(1).standard_normal(values.shape).astype(np.float32)
    guess = probe(splits(noise), LABELS, NAMES, 3, 50, 0)[name]
    assert guess["accuracy"] < 0.6
    other = np.where(FOLDS == 0, (LABELS + 1) % 3, LABELS)
    turned = probe(splits(values, (0,)), other, NAMES, 3, 50, 0)
    alone = probe(splits(values, (0,)), LABELS, NAMES, 3, 50, 0)
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
        found = class_probabilities(create, 3, values[two], LABELS[two], values[alone])
        np.testing.assert_allclose(found.sum(axis=1), 1)
        assert (found[:, 2] == 0).all()
        one = class_probabilities(create, 3, values[alone], LABELS[alone], values[two])
        assert (one == [0, 0, 1]).all()


SEVERAL = np.stack([LABELS != 2, LABELS != 0, np.arange(60) % 4 == 0], axis=1)


def test_several_labels_are_probed_one_by_one():
    """scikit-learn's one-vs-rest, and its nearest neighbours of several labels."""
    values = embeddings(1.0)
    _, train, test, _ = splits(values)[0]
    scaler = StandardScaler().fit(values[train].astype(float))
    known, new = (scaler.transform(values[part].astype(float)) for part in (train, test))
    found = {
        name: label_probabilities(its, values[train], SEVERAL[train], values[test])
        for name, its in LABEL_PROBES.items()
    }
    rest = OneVsRestClassifier(LogisticRegression(max_iter=2000)).fit(known, SEVERAL[train])
    np.testing.assert_allclose(found["logistic_regression"], rest.predict_proba(new), atol=1e-4)
    nearest = KNeighborsClassifier(5, metric="cosine", weights="distance").fit(known, SEVERAL[train])
    by_class = np.stack([part[:, 1] for part in nearest.predict_proba(new)], axis=1)
    np.testing.assert_allclose(found["nearest_neighbours"], by_class, atol=1e-6)


def test_scores_of_several_labels_are_those_of_an_evaluation():
    values = embeddings(0.5)
    result = probe(splits(values), SEVERAL, NAMES, 3, 100, 1)
    assert result["task"] == "multi_label" and result["prior"]["map"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 4) / 3)
    order = np.concatenate([test for _, _, test, _ in splits(values)])
    for name, its in LABEL_PROBES.items():
        parts = [
            label_probabilities(its, values[train], SEVERAL[train], values[test])
            for _, train, test, _ in splits(values)
        ]
        expected = average_precision_score(SEVERAL[order], np.concatenate(parts))
        assert result[name]["map"] == pytest.approx(expected)
        assert result["folds"][1][name] == pytest.approx(average_precision_score(SEVERAL[FOLDS == 1], parts[1]))
        assert result[name]["intervals"]["map"]["low"] < expected < result[name]["intervals"]["map"]["high"]
        answers, units = [Answers(np.concatenate(parts), SEVERAL[order])], resampling_units(NAMES)[1]
        assert result[name]["intervals"]["map"] == precision_intervals(answers, units, 100, 1)[0]
        assert {"lwlrap", "macro_f1", "micro_f1"} < result[name]["intervals"].keys()
    over_all, by_fold = probe_tables({**result, "model": "run", "classes": 3})
    assert over_all.columns[1] == "mAP (macro)" and "has a mAP of 52.78." in over_all.notes[-1]
    assert by_fold.title == "mAP by fold" and by_fold.rows[0][2] == share(result["folds"][0]["logistic_regression"])


def test_a_label_that_all_or_none_of_the_training_recordings_have_is_taken_for_granted():
    values = embeddings(0.1)
    labels = np.stack([np.ones(60, bool), np.zeros(60, bool), LABELS == 0], axis=1)
    for its in LABEL_PROBES.values():
        found = label_probabilities(its, values[:40], labels[:40], values[40:])
        assert (found[:, :2] == [1, 0]).all() and ((found[:, 2] > 0.5) == labels[40:, 2]).all()
        assert (label_probabilities(its, values[:40], labels[:40, :2], values[40:]) == [1, 0]).all()
