"""The loss with weights of the classes and with a focus."""

import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import sigmoid_focal_loss

from esc_gpu.augment.mix import smooth_one_hot
from esc_gpu.training.focal_loss import create_loss, focal_loss

WEIGHT = torch.tensor([0.5, 1.0, 3.0])


@pytest.fixture
def batch():
    """Logits, labels, and a mixture of the labels in the next order."""
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(64, 3, generator=generator, dtype=torch.float64)
    labels = torch.randint(3, (64,), generator=generator)
    return logits, labels, 0.7 * F.one_hot(labels, 3) + 0.3 * F.one_hot(labels.roll(1), 3)


def test_without_options_it_is_the_cross_entropy_itself():
    assert create_loss(None, 0.0) is F.cross_entropy


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_weights_are_those_of_the_cross_entropy(batch, smoothing):
    logits, labels, _ = batch
    target, weight = smooth_one_hot(labels, 3, smoothing).double(), WEIGHT.double()
    expected = F.cross_entropy(logits, labels, weight=weight, label_smoothing=smoothing, reduction="sum") / 64
    torch.testing.assert_close(create_loss(weight, 0.0)(logits, target), expected, rtol=1e-7, atol=0)


def test_the_parts_of_a_mixture_have_the_weights_of_their_classes(batch):
    logits, labels, mixed = batch
    for gamma in (0.0, 2.0):
        loss = create_loss(WEIGHT.double(), gamma)
        one, other = (loss(logits, F.one_hot(part, 3).double()) for part in (labels, labels.roll(1)))
        torch.testing.assert_close(loss(logits, mixed), 0.7 * one + 0.3 * other)


def test_a_weight_and_a_focus_are_factors():
    """Of a class with half of the probability: 3 · (1 - 1/2)^(1/2) · log 2."""
    loss = create_loss(torch.tensor([1.0, 3.0]), 0.5)(torch.zeros(1, 2), torch.tensor([[0.0, 1.0]]))
    assert loss.item() == pytest.approx(3 * 0.5**0.5 * 0.6931472)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_of_two_classes_it_is_the_focal_loss_of_a_sigmoid(batch, gamma):
    logits, labels = batch[0][:, 0], (batch[1] > 0).double()
    expected = sigmoid_focal_loss(logits, labels, alpha=-1, gamma=gamma, reduction="mean")
    found = focal_loss(torch.stack([0 * logits, logits], 1), F.one_hot(labels.long(), 2).double(), None, gamma)
    torch.testing.assert_close(found, expected)


def test_without_focus_it_is_the_cross_entropy_and_with_much_it_is_no_more(batch):
    logits, _, mixed = batch
    torch.testing.assert_close(focal_loss(logits, mixed, None, 0.0), F.cross_entropy(logits, mixed))
    losses = [focal_loss(logits, mixed, None, gamma).item() for gamma in (0.0, 0.5, 1.0, 2.0)]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("gamma", [0.1, 0.5, 2.0])
def test_a_clip_that_is_certain_has_a_finite_gradient(gamma):
    logits = torch.tensor([[200.0, 0.0], [-200.0, 0.0]], requires_grad=True)
    loss = focal_loss(logits, torch.tensor([[1.0, 0.0], [1.0, 0.0]]), None, gamma)
    loss.backward()
    assert loss.item() == pytest.approx(100, rel=1e-3) and logits.grad.isfinite().all()
