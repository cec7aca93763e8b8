"""Parameter groups, learning rate and gradient clipping, with trainable front-end kernels apart from the backbone."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.model.depth import head_parameters, layer_scales


def parameter_groups(
    model: WaveformClassifier,
    lr: float,
    frontend_lr: float,
    weight_decay: float,
    head_lr: float | None = None,
    layer_decay: float = 1.0,
) -> list[dict[str, Any]]:
    """Groups for the optimiser: decayed weights, undecayed vectors (biases, norms), and the front-end.

    Fourier and mel kernels start out right: they take a small learning rate and no decay. With a learning rate for the
    head, or one that decays from layer to layer, there are two groups for each rate. What is frozen is in none.

    Raises:
        EscGpuError: for a backbone whose layers have no order, where `layer_decay` is not 1.
    """
    learning = [(name, p) for name, p in model.backbone.named_parameters() if p.requires_grad]
    frontend = [p for p in model.frontend.parameters() if p.requires_grad]
    scales = layer_scales(model.backbone, model.backbone_name, layer_decay) if layer_decay != 1 else {}
    head = head_parameters(model.backbone) if head_lr is not None else set()
    weights: dict[float, list[nn.Parameter]] = {}
    vectors: dict[float, list[nn.Parameter]] = {}
    for name, p in learning:
        rate = (head_lr if name in head and head_lr is not None else lr) * scales.get(name, 1.0)
        (weights if p.ndim > 1 else vectors).setdefault(rate, []).append(p)
    groups = [
        *({"params": params, "peak_lr": rate, "weight_decay": weight_decay} for rate, params in weights.items()),
        *({"params": params, "peak_lr": rate, "weight_decay": 0.0} for rate, params in vectors.items()),
        {"params": frontend, "peak_lr": frontend_lr, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def create_optimizer(
    model: WaveformClassifier,
    lr: float,
    frontend_lr: float,
    weight_decay: float,
    head_lr: float | None = None,
    layer_decay: float = 1.0,
) -> Optimizer:
    """AdamW (Loshchilov & Hutter 2019) in one kernel a group, on the CPU and on a GPU; arguments as above."""
    groups = parameter_groups(model, lr, frontend_lr, weight_decay, head_lr, layer_decay)
    return torch.optim.AdamW(groups, fused=True)  # with the rates of `set_learning_rate`


def set_learning_rate(optimizer: Optimizer, epoch: float, epochs: int, warmup_epochs: float) -> float:
    """Set each group's learning rate at a point of the training, in epochs: linear warm-up, then cosine to 0.

    Returns the factor on the peak learning rates.
    """
    if epoch < warmup_epochs:
        factor = epoch / warmup_epochs
    else:
        factor = 0.5 * (1 + math.cos(math.pi * (epoch - warmup_epochs) / (epochs - warmup_epochs)))
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factor
    return factor


def clip_gradients(model: WaveformClassifier, max_norm: float) -> list[Tensor]:
    """Clip the gradient norms of backbone and front-end apart: one must not drown the other. 0 clips nothing.

    Returns the norms before, of those of the two that learn.
    """
    parts = [[p for p in part.parameters() if p.grad is not None] for part in (model.backbone, model.frontend)]
    return [clip_norm(parameters, max_norm) for parameters in parts if parameters]


def clip_norm(parameters: Sequence[nn.Parameter], max_norm: float) -> Tensor:
    """Scale the gradients down to a norm of at most `max_norm`; returns the norm before."""
    norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    if max_norm > 0:
        torch.nn.utils.clip_grads_with_norm_(parameters, max_norm, norm)
    return norm
