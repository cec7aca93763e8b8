"""Metrics against scikit-learn's on the same predictions."""

import pytest
import sklearn.metrics
import torch

from esc_gpu.evaluation.metrics import evaluate, summarize
from esc_gpu.training.scoring import average_over_windows


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


def test_windows_are_averaged_as_by_a_plain_loop():
    generator = torch.Generator().manual_seed(0)
    recordings = torch.tensor([7, 2, 2, 9, 7, 7, 2, 30, 9, 7])
    logits = 5 * torch.randn(10, 4, generator=generator)
    averaged = average_over_windows(logits, recordings)
    assert averaged.shape == (4, 4) and averaged.dtype == torch.float32
    for row, number in zip(averaged, (2, 7, 9, 30), strict=True):
        mine = [logits[k].softmax(dim=0) for k in range(10) if recordings[k] == number]
        # Probabilities of float32 in both.
        torch.testing.assert_close(row.softmax(dim=0), sum(mine) / len(mine), rtol=1e-5, atol=1e-7)
        torch.testing.assert_close(row.exp().sum(), torch.tensor(1.0))


def test_it_is_probabilities_that_are_averaged_not_logits():
    """One window that is sure outweighs two that hardly care."""
    logits = torch.tensor([[20.0, 0.0], [0.0, 0.5], [0.0, 0.5]])
    assert average_over_windows(logits, torch.tensor([0, 0, 0])).argmax() == 0
    sure_of_too_much = torch.tensor([[200.0, 0.0], [0.0, 2.0], [0.0, 2.0], [0.0, 2.0]])
    assert average_over_windows(sure_of_too_much, torch.zeros(4, dtype=torch.int64)).argmax() == 1


def test_recordings_of_one_window_keep_their_logits():
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(average_over_windows(logits, torch.arange(4)), logits)
    assert torch.equal(average_over_windows(logits, torch.tensor([5, 1, 9, 3])), logits[[1, 3, 0, 2]])


def test_a_class_that_no_window_thinks_possible_is_never_chosen_and_gives_a_loss():
    """exp(-800) is 0 even in float64."""
    logits = torch.tensor([[0.0, -800.0], [0.0, -800.0]])
    averaged = average_over_windows(logits, torch.tensor([0, 0]))
    assert averaged.argmax() == 0 and averaged.softmax(dim=1).isfinite().all()
    assert torch.nn.functional.cross_entropy(averaged, torch.tensor([1])).isfinite()
