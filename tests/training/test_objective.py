"""Targets, losses and scores of both tasks, beside torch's own and scikit-learn's."""

import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import average_precision_score

from esc_gpu.augment import Draws, between_class, mixup
from esc_gpu.augment.mix import smooth_one_hot
from esc_gpu.config.schema import TrainConfig
from esc_gpu.training.objective import OBJECTIVES, SCORES

ONE, SEVERAL = OBJECTIVES["single_label"], OBJECTIVES["multi_label"]
LABELS = torch.tensor([[True, False, True], [False, False, True], [False, False, False], [True, True, True]])


def loss_of(objective, labels, **options):
    return objective.create_loss(TrainConfig(**options), labels, 3, ("a", "b", "c"), torch.device("cpu"))


def test_one_label_is_a_smoothed_distribution():
    labels, clips = torch.tensor([2, 0, 1, 2]), torch.tensor([3, 0, 1])
    targets = ONE.targets(labels, 3, 0.1)(clips)
    assert torch.equal(targets, smooth_one_hot(labels[clips], 3, 0.1))
    assert ONE.targets(labels.to("meta"), 3, 0.1)(clips.to("meta")).device.type == "meta"  # where the labels are
    logits = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(loss_of(ONE, labels)(logits, targets), F.cross_entropy(logits, targets))


def test_several_labels_are_smoothed_each_on_its_own():
    """`y (1 - s) + s / 2`, as Keras has it for binary cross-entropy."""
    clips = torch.tensor([3, 0])
    targets = SEVERAL.targets(LABELS, 3, 0.2)(clips)
    torch.testing.assert_close(targets, torch.tensor([[0.9, 0.9, 0.9], [0.9, 0.1, 0.9]]))
    assert torch.equal(SEVERAL.targets(LABELS, 3, 0.0)(clips), LABELS[clips].float())
    logits = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.BCEWithLogitsLoss()(logits, targets)
    assert torch.equal(loss_of(SEVERAL, LABELS)(logits, targets), expected)


@pytest.mark.parametrize("mix", ["mixup", "between_class"])
def test_mixing_gives_the_labels_of_both_their_shares(mix):
    """The shares of a pair add up to 1, so a class of both keeps 1, and one of neither 0."""
    draws = Draws(torch.Generator().manual_seed(0))
    waveform = 0.1 * torch.randn(4, 800, generator=torch.Generator().manual_seed(1))
    target = SEVERAL.targets(LABELS, 3, 0.0)(torch.arange(4))
    arguments = (0.4, draws) if mix == "mixup" else (1.0, draws, 8000)
    _, mixed = {"mixup": mixup, "between_class": between_class}[mix](waveform, target, *arguments)
    own = mixed[0, 0]  # of clip 0, of which its partner has nothing
    assert 0 < own < 1
    torch.testing.assert_close(mixed[0], torch.stack([own, torch.tensor(0.0), torch.tensor(1.0)]))
    assert ((mixed >= 0) & (mixed <= 1)).all()


def test_the_scores_of_an_epoch():
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(2))
    several = SEVERAL.score(logits, LABELS)
    assert several["test_map"] == pytest.approx(average_precision_score(LABELS.numpy(), logits.numpy()))
    assert several["test_loss"] == pytest.approx(F.binary_cross_entropy_with_logits(logits, LABELS.float()).item())
    labels = torch.tensor([0, 2, 1, 1])
    one = ONE.score(logits, labels)
    assert one["test_loss"] == F.cross_entropy(logits, labels).item()
    assert one["test_accuracy"] == (logits.argmax(1) == labels).float().mean().item()
    assert {*one, *several} - {"test_loss"} == set(SCORES)


def test_weights_and_focus_are_those_of_the_training_clips():
    """Of the four clips, two have the first class, one the second, and three the third."""
    several = loss_of(SEVERAL, LABELS, class_weights="balanced", focal_gamma=2.0, label_smoothing=0.2).keywords
    torch.testing.assert_close(several.pop("positive_weight"), torch.tensor([1.0, 3.0, 1 / 3]))
    assert several == {"gamma": 2.0, "smoothing": 0.2}
    one = loss_of(ONE, torch.tensor([0, 0, 1, 2]), class_weights="balanced").keywords
    torch.testing.assert_close(one["weight"], torch.tensor([2 / 3, 4 / 3, 4 / 3]))
