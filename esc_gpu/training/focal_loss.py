"""The loss of a batch: cross-entropy, with weights of the classes and less of what is already right where asked for."""

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def create_loss(weight: Tensor | None, gamma: float) -> Loss:
    """The mean loss `()` of `(B, K)` logits and target distributions: `cross_entropy`, or with `gamma` the focal loss.

    Args:
        weight: `(K,)` of the classes, on the device of the logits; None for 1 each.
        gamma: `train.focal_gamma`.
    """
    if gamma > 0:
        return functools.partial(focal_loss, weight=weight, gamma=gamma)
    return F.cross_entropy if weight is None else functools.partial(F.cross_entropy, weight=weight)


def focal_loss(logits: Tensor, target: Tensor, weight: Tensor | None, gamma: float) -> Tensor:
    """The mean over the clips of -sum_k w_k t_k (1 - p_k)^gamma log p_k, with p the softmax of `logits`.

    With one class of the target at 1 it is the focal loss of the softmax. A target that is smoothed or mixed has the
    share of each class in that of its loss, as in a cross-entropy, which it is with `gamma` 0. The mean is over the
    number of clips and not over their weights, so the loss of a clip does not depend on the others of its batch, nor
    on the number of processes.

    Args:
        logits: `(B, K)` float.
        target: `(B, K)` distributions.
        weight: `(K,)`, or None for 1 each.
        gamma: above 0; the larger, the less clips count that are classified well.

    Source: Lin et al., "Focal Loss for Dense Object Detection" (ICCV 2017), eq. 4 and 5, on a softmax.

    >>> focal_loss(torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, 1.0]]), None, 2.0)  # 0.25 log 2
    tensor(0.1733)
    """
    log_p = logits.log_softmax(dim=1)
    # 1 - p without cancellation. At 0 the derivative of a power below 1 is infinite: the smallest number is not.
    rest = (-log_p.expm1()).clamp_min(torch.finfo(log_p.dtype).tiny)
    losses = target * rest.pow(gamma) * log_p
    if weight is not None:
        losses = losses * weight
    return -losses.sum(dim=1).mean()
