"""Batch norm over the clips of all processes, so that a batch is one batch however many share it."""

from typing import Any

import torch
from torch import Tensor, nn


def synchronize_batch_norm(module: nn.Module, device: torch.device) -> nn.Module:
    """The module with every batch norm in it synchronised; what a checkpoint holds keeps its names."""
    if isinstance(module, nn.BatchNorm2d):
        return CpuSyncBatchNorm(module) if device.type == "cpu" else GpuSyncBatchNorm(module)
    if device.type != "cpu" and isinstance(module, (nn.BatchNorm1d, nn.BatchNorm3d)):
        return nn.SyncBatchNorm.convert_sync_batchnorm(module)
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


class SyncBatchNorm(nn.BatchNorm2d):
    """Batch norm with the statistics of the whole batch, of which each process has an equal part.

    Args:
        norm: the batch norm whose parameters, statistics and (timm's BatchNormAct2d) activation it takes over.
    """

    running_mean: Tensor
    running_var: Tensor
    momentum: float

    def __init__(self, norm: nn.BatchNorm2d):
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self.to(norm.running_mean).load_state_dict(norm.state_dict())
        self.after = nn.Sequential(*(getattr(norm, name) for name in ("drop", "act") if hasattr(norm, name)))

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and torch.distributed.is_initialized()):
            return self.after(super().forward(x))
        if self.num_batches_tracked is not None:  # where they are not counted together
            self.num_batches_tracked.add_(1)
        return self.after(self.normalize(x))

    def normalize(self, x: Tensor) -> Tensor:
        """`(B, C, H, W)` normalised by the statistics of all processes' `x`, which the running ones take in."""
        raise NotImplementedError


class CpuSyncBatchNorm(SyncBatchNorm):
    """Of operations that a CPU has: torch's own has none."""

    def normalize(self, x: Tensor) -> Tensor:
        """Mean, then variance around it, each averaged over the processes with gradient, in the parameters' type."""
        n_processes = torch.distributed.get_world_size()
        exact = x.to(self.running_mean.dtype)
        mean = SumOfAll.apply(exact.mean(dim=(0, 2, 3))) / n_processes
        centred = exact - mean[:, None, None]
        variance = SumOfAll.apply(centred.square().mean(dim=(0, 2, 3))) / n_processes
        with torch.no_grad():
            count = n_processes * x.numel() / x.shape[1]
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        scaled = centred * (variance + self.eps).rsqrt()[:, None, None]
        return (scaled * self.weight[:, None, None] + self.bias[:, None, None]).to(x.dtype)


class GpuSyncBatchNorm(SyncBatchNorm):
    """By the kernels of torch's SyncBatchNorm, without its search for processes that have no clips.

    For that search the host waits three times in each layer. Here all processes have as many clips.
    """

    @torch.compiler.disable  # type: ignore[untyped-decorator]  # it exchanges between processes, which no graph holds
    def normalize(self, x: Tensor) -> Tensor:
        """Mean and deviation of each process are gathered, and put together by the one number of clips."""
        return NormalizeTogether.apply(
            x, self.weight, self.bias, self.running_mean, self.running_var, self.momentum, self.eps
        )


class NormalizeTogether(torch.autograd.Function):
    """What `GpuSyncBatchNorm` computes, as torch's SyncBatchNorm does (torch/nn/modules/_functions.py)."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        running_mean: Tensor,
        running_var: Tensor,
        momentum: float,
        eps: float,
    ) -> Tensor:
        x = dense(x)
        channels, n_processes = x.shape[1], torch.distributed.get_world_size()
        mean, inverse_deviation = torch.batch_norm_stats(x, eps)
        own = torch.cat([mean, inverse_deviation])
        everyones = own.new_empty(n_processes * 2 * channels)
        torch.distributed.all_gather_into_tensor(everyones, own)
        means, inverse_deviations = everyones.view(n_processes, 2 * channels).split(channels, dim=1)
        count = x.numel() // channels
        mean, inverse_deviation = torch.batch_norm_gather_stats_with_counts(
            x,
            means,
            inverse_deviations,
            running_mean,
            running_var,
            momentum,
            eps,
            mean.new_full((n_processes,), count),
        )
        counts = mean.new_full((n_processes,), count, dtype=torch.int32)
        ctx.save_for_backward(x, weight, mean, inverse_deviation, counts)
        return torch.batch_norm_elemt(x, weight, bias, mean, inverse_deviation, eps)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, inverse_deviation, counts = ctx.saved_tensors
        gradient = dense(gradient)
        sum_dy, sum_dy_xmu, of_weight, of_bias = torch.batch_norm_backward_reduce(
            gradient, x, mean, inverse_deviation, weight, *ctx.needs_input_grad[:3]
        )
        of_x = None
        if ctx.needs_input_grad[0]:
            sums = torch.cat([sum_dy, sum_dy_xmu])
            torch.distributed.all_reduce(sums)
            sum_dy, sum_dy_xmu = sums.split(len(sum_dy))
            of_x = torch.batch_norm_backward_elemt(
                gradient, x, mean, inverse_deviation, weight, sum_dy, sum_dy_xmu, counts
            )
        return of_x, of_weight, of_bias, None, None, None, None


def dense(x: Tensor) -> Tensor:
    """The same in one of the two layouts that the kernels take."""
    return x if x.is_contiguous(memory_format=torch.channels_last) else x.contiguous()
