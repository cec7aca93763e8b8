"""The loss of a batch with several labels a clip: a binary cross-entropy of each class, with weights of the clips that
have it and less of what is already right where asked for."""

import functools

import torch.nn.functional as F
from torch import Tensor

from esc_gpu.training.focal_loss import Loss


def create_binary_loss(positive_weight: Tensor | None, gamma: float, smoothing: float = 0.0) -> Loss:
    """The mean loss `()` of `(B, K)` logits and targets: `binary_cross_entropy_with_logits`, or `binary_loss`.

    Args:
        positive_weight: `(K,)` of the classes, on the device of the logits; None for 1 each.
        gamma: `train.focal_gamma`.
        smoothing: `train.label_smoothing`, which the targets have already.
    """
    if positive_weight is None and gamma == 0:
        return F.binary_cross_entropy_with_logits
    return functools.partial(binary_loss, positive_weight=positive_weight, gamma=gamma, smoothing=smoothing)


def binary_loss(
    logits: Tensor, target: Tensor, positive_weight: Tensor | None, gamma: float, smoothing: float = 0.0
) -> Tensor:
    """The mean over clips and classes of y w_k L(1 - s/2) + (1 - y) L(s/2).

    y is the label, w_k the weight of the clips that have class k, and s the smoothing. L(t) is the focal loss with the
    target t, -t (1 - p)^gamma log p - (1 - t) p^gamma log(1 - p), with p the sigmoid of the logit.

    Without smoothing it is the cross-entropy with torch's `pos_weight`, or torchvision's `sigmoid_focal_loss` with
    alpha -1. The weight is of the label and not of the target: else the s/2 of a clip without a rare class would be
    multiplied as well, and a weight of 100 would move its best probability from 0.05 to 0.84. A label between 0 and 1,
    as of two clips that are mixed, has the share of each in that of its loss.

    Args:
        logits: `(B, K)` float.
        target: `(B, K)`, y (1 - s) + s / 2 of labels y from 0 to 1.
        positive_weight: `(K,)`, or None for 1 each.
        gamma: 0, or above it: the larger, the less the classes count that are told well.
        smoothing: s.

    Source: Lin et al., "Focal Loss for Dense Object Detection" (ICCV 2017), eq. 4.

    >>> import torch
    >>> binary_loss(torch.tensor([[0.0]]), torch.tensor([[1.0]]), torch.tensor([3.0]), 2.0)  # 3 · 0.25 log 2
    tensor(0.5199)
    """
    label = (target - smoothing / 2) / (1 - smoothing) if smoothing < 1 else target
    present = label if positive_weight is None else label * positive_weight
    up = present * (1 - smoothing / 2) + (1 - label) * smoothing / 2  # the weight of log p
    down = present * smoothing / 2 + (1 - label) * (1 - smoothing / 2)
    log_p, log_rest = F.logsigmoid(logits), F.logsigmoid(-logits)
    if gamma == 0:
        return -(up * log_p + down * log_rest).mean()
    return -(up * (gamma * log_rest).exp() * log_p + down * (gamma * log_p).exp() * log_rest).mean()
