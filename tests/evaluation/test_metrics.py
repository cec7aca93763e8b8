"""Metrics against scikit-learn's on the same predictions."""

import numpy as np
import pytest
import sklearn.metrics
import torch
from torchmetrics.functional import classification

from esc_gpu.evaluation.metrics import class_scores, evaluate, scores, summarize, top_k_accuracy


@pytest.fixture
def predictions():
    generator = torch.Generator().manual_seed(3)
    labels = torch.randint(0, 6, (200,), generator=generator)
    logits = torch.randn(200, 6, generator=generator)
    logits[torch.arange(200), labels] += 1.0
    return logits, labels


def test_metrics_equal_those_of_scikit_learn(predictions):
    logits, labels = predictions
    metrics, predicted = evaluate(logits, labels), logits.argmax(1)
    assert metrics["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(labels, predicted))
    assert metrics["macro_f1"] == pytest.approx(sklearn.metrics.f1_score(labels, predicted, average="macro"))
    assert metrics["top3_accuracy"] == pytest.approx(sklearn.metrics.top_k_accuracy_score(labels, logits, k=3))
    assert metrics["recall"] == pytest.approx(sklearn.metrics.recall_score(labels, predicted, average=None).tolist())
    assert metrics["confusion_matrix"] == sklearn.metrics.confusion_matrix(labels, predicted).tolist()


def test_balanced_accuracy_counts_a_class_of_one_clip():
    probabilities, labels = torch.eye(3)[[0, 0, 0, 0]], torch.tensor([0, 0, 0, 1])
    expected = sklearn.metrics.balanced_accuracy_score(labels, [0, 0, 0, 0])
    assert scores(probabilities, labels)["balanced_accuracy"] == pytest.approx(expected) == 0.5


def test_balanced_accuracy_stands_beside_accuracy_where_classes_are_unequal():
    logits, labels = torch.eye(3)[[0, 0, 0, 1, 2, 0]], torch.tensor([0, 0, 0, 1, 2, 2])
    unequal, equal = evaluate(logits, labels), evaluate(logits[1:5], torch.tensor([0, 1, 2, 3]) % 2)
    predicted = logits.argmax(dim=1)
    assert unequal["balanced_accuracy"] == pytest.approx(sklearn.metrics.balanced_accuracy_score(labels, predicted))
    two_of_each = evaluate(torch.eye(2)[[0, 1, 1, 1]], torch.tensor([0, 0, 1, 1]))
    assert "balanced_accuracy" not in two_of_each and "balanced_accuracy" not in summarize([two_of_each, two_of_each])
    found = summarize([unequal, unequal])["balanced_accuracy"]
    assert found == {"mean": pytest.approx(unequal["balanced_accuracy"]), "std": 0.0}
    assert "balanced_accuracy" in equal  # the third class has no clips


@pytest.mark.parametrize("seed", range(20))
def test_metrics_are_those_of_torchmetrics_to_the_bit(seed):
    """Also for classes without clips or without predictions."""
    generator = torch.Generator().manual_seed(seed)
    k, n = int(torch.randint(2, 12, (), generator=generator)), int(torch.randint(1, 40, (), generator=generator))
    logits, labels = torch.randn(n, k, generator=generator), torch.randint(0, k - k // 3, (n,), generator=generator)
    found, predicted = evaluate(logits, labels), logits.argmax(dim=1)
    assert found["accuracy"] == classification.multiclass_accuracy(logits, labels, k, average="micro").item()
    assert found["macro_f1"] == classification.multiclass_f1_score(logits, labels, k, average="macro").item()
    assert found["confusion_matrix"] == classification.multiclass_confusion_matrix(logits, labels, k).tolist()
    for name, expected in {
        "precision": classification.multiclass_precision(predicted, labels, k, average="none"),
        "recall": classification.multiclass_recall(predicted, labels, k, average="none"),
        "f1": classification.multiclass_f1_score(predicted, labels, k, average="none"),
    }.items():
        assert class_scores(predicted, labels, k)[name] == expected.tolist()


def test_two_classes_have_a_top_2():
    metrics = evaluate(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([0, 1]))
    assert metrics["accuracy"] == 0.5 and metrics["top3_accuracy"] == 1.0


def test_the_summary_pools_the_folds(predictions):
    logits, labels = predictions
    folds = [evaluate(logits[:80], labels[:80]), evaluate(logits[80:], labels[80:])]
    summary, whole = summarize(folds), evaluate(logits, labels)
    assert summary["confusion_matrix"] == whole["confusion_matrix"] and summary["clips"] == 200
    assert summary["recall"] == pytest.approx(whole["recall"])
    values = [fold["accuracy"] for fold in folds]
    assert summary["accuracy"]["mean"] == pytest.approx(sum(values) / 2)
    assert summary["accuracy"]["std"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)


def test_one_fold_has_no_spread(predictions):
    assert summarize([evaluate(*predictions)])["accuracy"]["std"] is None


# Ties


def test_of_equally_likely_classes_the_first_leads():
    """Reversed, as scikit-learn has the last lead."""
    generator = np.random.default_rng(0)
    probabilities = generator.integers(0, 3, (300, 7)) / 10
    labels = generator.integers(0, 7, 300)
    for k in (1, 2, 3, 6):
        expected = sklearn.metrics.top_k_accuracy_score(6 - labels, probabilities[:, ::-1], k=k, labels=range(7))
        found = top_k_accuracy(torch.from_numpy(probabilities), torch.from_numpy(labels), k)
        assert found == pytest.approx(expected)


def test_top_1_with_ties_is_the_accuracy():
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.randint(0, 3, (200, 50), generator=generator) / 10.0
    labels = torch.randint(0, 50, (200,), generator=generator)
    assert top_k_accuracy(probabilities, labels, 1) == pytest.approx(scores(probabilities, labels)["accuracy"])
    assert scores(probabilities, labels)["accuracy"] == pytest.approx(
        sklearn.metrics.accuracy_score(labels, probabilities.numpy().argmax(axis=1))
    )


def test_a_sure_and_wrong_clip_has_its_class_in_the_top_3_by_the_order_of_the_classes():
    probabilities = torch.tensor([[0.0, 0.0, 0.0, 0.0, 1.0]] * 5, dtype=torch.float64)
    assert top_k_accuracy(probabilities, torch.arange(5), 3) == 3 / 5  # classes 0, 1 and 4


def test_the_top_3_of_two_classes_is_their_top_2():
    assert scores(torch.tensor([[0.9, 0.1]]), torch.tensor([1]))["top3_accuracy"] == 1.0
