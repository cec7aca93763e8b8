"""The loss of several labels a clip with weights of the positive clips and with a focus."""

import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import sigmoid_focal_loss

from esc_gpu.training.binary_loss import binary_loss, create_binary_loss

WEIGHT = torch.tensor([0.5, 1.0, 100.0], dtype=torch.float64)


@pytest.fixture
def batch():
    """Logits and labels, double."""
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(64, 3, generator=generator, dtype=torch.float64)
    return logits, (torch.rand(64, 3, generator=generator) < 0.3).double()


def test_without_options_it_is_the_cross_entropy_itself(batch):
    assert create_binary_loss(None, 0.0, 0.1) is F.binary_cross_entropy_with_logits
    logits, labels = batch
    soft = 0.6 * labels + 0.4 * labels.roll(1, 0)
    target = soft * 0.9 + 0.05
    expected = F.binary_cross_entropy_with_logits(logits, target)
    torch.testing.assert_close(binary_loss(logits, target, None, 0.0, 0.1), expected)
    half = torch.full_like(logits, 0.5)  # with a smoothing of 1
    torch.testing.assert_close(
        binary_loss(logits, half, None, 0.0, 1.0), F.binary_cross_entropy_with_logits(logits, half)
    )


def test_weights_are_torch_s_of_the_positive_clips(batch):
    logits, labels = batch
    mixed = 0.7 * labels + 0.3 * labels.roll(1, 0)
    for target in (labels, mixed):
        expected = F.binary_cross_entropy_with_logits(logits, target, pos_weight=WEIGHT)
        torch.testing.assert_close(create_binary_loss(WEIGHT, 0.0)(logits, target), expected)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_the_focus_is_torchvision_s(batch, gamma):
    logits, labels = batch
    expected = sigmoid_focal_loss(logits, labels, alpha=-1, gamma=gamma, reduction="mean")
    torch.testing.assert_close(create_binary_loss(None, gamma)(logits, labels), expected)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_the_parts_of_a_mixture_have_their_shares(batch, gamma):
    logits, labels = batch
    loss = create_binary_loss(WEIGHT, gamma, 0.2)
    one, other = (loss(logits, part * 0.8 + 0.1) for part in (labels, labels.roll(1, 0)))
    mixed = 0.7 * labels + 0.3 * labels.roll(1, 0)
    torch.testing.assert_close(loss(logits, mixed * 0.8 + 0.1), 0.7 * one + 0.3 * other)
    assert torch.equal(one, binary_loss(logits, labels * 0.8 + 0.1, WEIGHT, gamma, 0.2))


def test_a_weight_does_not_move_what_a_smoothed_label_aims_at():
    """The loss of a clip without the class is least at s / 2, and of one with it at 1 - s / 2, whatever the weight."""
    for label, goal in ((0.0, 0.05), (1.0, 0.95)):
        logit = torch.logit(torch.tensor([[goal] * 3], dtype=torch.float64)).requires_grad_()
        binary_loss(logit, torch.full((1, 3), label * 0.9 + 0.05, dtype=torch.float64), WEIGHT, 0.0, 0.1).backward()
        torch.testing.assert_close(logit.grad, torch.zeros(1, 3, dtype=torch.float64), rtol=0, atol=1e-12)


@pytest.mark.parametrize("gamma", [0.1, 2.0])
def test_what_is_certain_has_a_finite_gradient(gamma):
    logits = torch.tensor([[200.0, -200.0]], requires_grad=True)
    loss = binary_loss(logits, torch.tensor([[0.0, 0.0]]), None, gamma)
    loss.backward()
    assert loss.item() == pytest.approx(100) and logits.grad.isfinite().all()
