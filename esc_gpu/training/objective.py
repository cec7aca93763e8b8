"""What a training aims at, by its task: the targets of its clips, the loss, and what an epoch scores."""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.augment.mix import smooth_one_hot
from esc_gpu.config.schema import TrainConfig
from esc_gpu.core.average_precision import mean_average_precision
from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL
from esc_gpu.training.binary_loss import create_binary_loss
from esc_gpu.training.class_balance import class_counts, class_weights, positive_weights
from esc_gpu.training.focal_loss import Loss, create_loss


class Objective(Protocol):
    """Of one task. Labels are `(n,)` int64 or `(n, K)` bool; targets and logits are `(B, K)` float."""

    def targets(self, labels: Tensor, num_classes: int, smoothing: float) -> Callable[[Tensor], Tensor]:
        """The targets of clips `(B,)`, by their numbers, from the labels of all clips on the same device."""
        ...

    def create_loss(
        self, train: TrainConfig, labels: Tensor, num_classes: int, class_names: Sequence[str], device: torch.device
    ) -> Loss:
        """The mean loss `()` of logits and targets, by `train` and the labels of the training clips.

        Args:
            train: its class_weights, focal_gamma and label_smoothing.
            labels: on the CPU.
            num_classes: K.
            class_names: of the classes.
            device: of the logits.

        Raises:
            EscGpuError: for weights that do not fit the classes.
        """
        ...

    def score(self, logits: Tensor, labels: Tensor) -> dict[str, float]:
        """Loss and a share in `[0, 1]` that is right, by their names in the record of an epoch."""
        ...


class OneClass:
    """Cross-entropy with distributions over the classes."""

    def targets(self, labels: Tensor, num_classes: int, smoothing: float) -> Callable[[Tensor], Tensor]:
        of_class = smooth_one_hot(torch.arange(num_classes, device=labels.device), num_classes, smoothing)
        return lambda clips: of_class[labels[clips]]

    def create_loss(
        self, train: TrainConfig, labels: Tensor, num_classes: int, class_names: Sequence[str], device: torch.device
    ) -> Loss:
        weight = class_weights(train.class_weights, class_counts(labels, num_classes), class_names)
        return create_loss(None if weight is None else weight.to(device), train.focal_gamma)

    def score(self, logits: Tensor, labels: Tensor) -> dict[str, float]:
        return {
            "test_loss": F.cross_entropy(logits, labels).item(),
            "test_accuracy": (logits.argmax(dim=1) == labels).float().mean().item(),
        }


class AnyClasses:
    """Binary cross-entropy of each class on its own, or its focal loss; the mean over clips and classes.

    Smoothing moves the target of a class from 0 and 1 towards 1/2: `y (1 - s) + s / 2`. Mixing two clips gives the
    classes of either its share, as with one label: their targets are soft and need not add up to 1.
    """

    def targets(self, labels: Tensor, num_classes: int, smoothing: float) -> Callable[[Tensor], Tensor]:
        return lambda clips: labels[clips].float() * (1 - smoothing) + smoothing / 2

    def create_loss(
        self, train: TrainConfig, labels: Tensor, num_classes: int, class_names: Sequence[str], device: torch.device
    ) -> Loss:
        counts = class_counts(labels, num_classes)
        weight = positive_weights(train.class_weights, counts, len(labels), class_names)
        weight = None if weight is None else weight.to(device)
        return create_binary_loss(weight, train.focal_gamma, train.label_smoothing)

    def score(self, logits: Tensor, labels: Tensor) -> dict[str, float]:
        return {
            "test_loss": F.binary_cross_entropy_with_logits(logits, labels.float()).item(),
            "test_map": mean_average_precision(logits.double().numpy(), labels.numpy()),
        }


OBJECTIVES: dict[str, Objective] = {SINGLE_LABEL: OneClass(), MULTI_LABEL: AnyClasses()}
SCORES = ("test_accuracy", "test_map")  # of an epoch, whichever there is
