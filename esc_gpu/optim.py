"""Parameter groups, learning rate and gradient clipping, with trainable front-end kernels apart from the backbone."""

import math

import torch
from torch import nn
from torch.optim import Optimizer

from esc_gpu.model import WaveformClassifier


def parameter_groups(
    model: WaveformClassifier, lr: float, frontend_lr: float, weight_decay: float
) -> list[dict[str, object]]:
    """Groups for the optimiser: decayed weights, undecayed vectors (biases, norms), and the front-end.

    Fourier and mel kernels start out right: they take a small learning rate and no decay.
    """
    backbone = [p for p in model.backbone.parameters() if p.requires_grad]
    frontend = [p for p in model.frontend.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in backbone if p.ndim > 1], "peak_lr": lr, "weight_decay": weight_decay},
        {"params": [p for p in backbone if p.ndim <= 1], "peak_lr": lr, "weight_decay": 0.0},
        {"params": frontend, "peak_lr": frontend_lr, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def create_optimizer(model: WaveformClassifier, lr: float, frontend_lr: float, weight_decay: float) -> Optimizer:
    """AdamW (Loshchilov & Hutter 2019) in one kernel a group, on the CPU and on a GPU."""
    return torch.optim.AdamW(parameter_groups(model, lr, frontend_lr, weight_decay), lr=lr, fused=True)


def set_learning_rate(optimizer: Optimizer, epoch: float, epochs: int, warmup_epochs: float) -> float:
    """Set each group's learning rate at a point of the training, in epochs: linear warm-up, then cosine to 0.

    Returns the factor on the peak learning rates.
    """
    if epoch < warmup_epochs:
        factor = epoch / warmup_epochs
    else:
        factor = 0.5 * (1 + math.cos(math.pi * (epoch - warmup_epochs) / max(epochs - warmup_epochs, 1e-9)))
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factor
    return factor


def clip_gradients(model: WaveformClassifier, max_norm: float) -> None:
    """Clip the gradient norms of backbone and front-end apart: one must not drown the other. 0 does nothing."""
    if max_norm > 0:
        for part in (model.backbone, model.frontend):
            clip_norm(part, max_norm)


def clip_norm(module: nn.Module, max_norm: float) -> None:
    """Scale the module's gradients down to a norm of at most `max_norm`."""
    parameters = [p for p in module.parameters() if p.grad is not None]
    if parameters:
        torch.nn.utils.clip_grad_norm_(parameters, max_norm)
