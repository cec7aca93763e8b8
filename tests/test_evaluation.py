"""Metrics against scikit-learn's on the same predictions."""

import pytest
import sklearn.metrics
import torch

from esc_gpu.evaluation import evaluate, summarize


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
