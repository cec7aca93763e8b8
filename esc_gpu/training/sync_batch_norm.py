"""Batch norm over the clips of all processes, so that a batch is one batch however many share it."""

from typing import Any

import torch
from timm.layers import convert_sync_batchnorm
from torch import Tensor, nn


def synchronize_batch_norm(module: nn.Module, device: torch.device) -> nn.Module:
    """The module with every batch norm in it synchronised; what a checkpoint holds keeps its names.

    On a GPU by torch's SyncBatchNorm, which has no CPU kernel; on the CPU by `CpuSyncBatchNorm`.
    """
    if device.type != "cpu":
        return convert_sync_batchnorm(module)
    if isinstance(module, nn.BatchNorm2d):
        return CpuSyncBatchNorm(module)
    for name, child in module.named_children():
        setattr(module, name, synchronize_batch_norm(child, device))
    return module


class SumOfAll(torch.autograd.Function):
    """A tensor summed over the processes, with a gradient: that of each part is the sum of the processes' own."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone(memory_format=torch.contiguous_format)
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return SumOfAll.apply(gradient)


class CpuSyncBatchNorm(nn.BatchNorm2d):
    """Batch norm with the statistics of the whole batch, of which each process has an equal part.

    Args:
        norm: the batch norm whose parameters, statistics and (timm's BatchNormAct2d) activation it takes over.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def __init__(self, norm: nn.BatchNorm2d):
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self.to(norm.running_mean).load_state_dict(norm.state_dict())
        self.after = nn.Sequential(*(getattr(norm, name) for name in ("drop", "act") if hasattr(norm, name)))

    def forward(self, x: Tensor) -> Tensor:
        synchronised = self.training and torch.distributed.is_initialized()
        return self.after(self.normalize(x) if synchronised else super().forward(x))

    def normalize(self, x: Tensor) -> Tensor:
        """Mean, then variance around it, each averaged over the processes with gradient, in the parameters' type."""
        n_processes = torch.distributed.get_world_size()
        exact = x.to(self.running_mean.dtype)
        mean = SumOfAll.apply(exact.mean(dim=(0, 2, 3))) / n_processes
        centred = exact - mean[:, None, None]
        variance = SumOfAll.apply(centred.square().mean(dim=(0, 2, 3))) / n_processes
        with torch.no_grad():
            count = n_processes * x.numel() / x.shape[1]
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        scaled = centred * (variance + self.eps).rsqrt()[:, None, None]
        return (scaled * self.weight[:, None, None] + self.bias[:, None, None]).to(x.dtype)
