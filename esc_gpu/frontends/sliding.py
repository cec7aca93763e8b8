"""Sums over sliding kernels as matrix products of samples that are read where they lie."""

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.frontends.blocks import first_of, is_free

# Why steps go into groups. With a kernel of K samples every H samples, step n is the product of the kernel and the
# samples from n H on. As rows of a matrix these samples overlap where K > H, and no BLAS reads rows that overlap:
# they would be copied, K / H times the clip, 100 times for a resampling from 44.1 to 22.05 kHz. So let G steps go
# together, G H >= K - H. All that group m needs then lies in the samples from m G H to (m + 2) G H: in the two rows m
# and m + 1 of the clip itself, seen as rows of G H samples, which do not overlap. With the kernels of G steps side by
# side, each moved on by H, and cut after G H samples into a first and a second part:
#
#     group m = row m @ first part + row m + 1 @ second part.
#
# About half of the factors are zeros: twice the arithmetic, for a hundredth of the memory.


def group_kernels(kernels: Tensor, hop_length: int) -> Tensor:
    """`(rows, length)` → `(parts, G * hop_length, G * rows)`: the kernels of G steps, for `slide`."""
    rows, length = kernels.shape
    n_parts = 1 if length <= hop_length else 2
    n_steps = max(1, -(-length // hop_length) - 1)
    moved = kernels.new_zeros(n_parts * n_steps * hop_length, n_steps, rows)
    for step in range(n_steps):
        start = step * hop_length
        moved[start : start + length, step] = kernels.T
    return moved.view(n_parts, n_steps * hop_length, n_steps * rows)


def samples_read(grouped: Tensor, hop_length: int, n_frames: int) -> int:
    """Samples that `slide` reads for `n_frames` steps."""
    n_parts, n_samples, _ = grouped.shape
    n_groups = -(-n_frames // (n_samples // hop_length))
    return (n_groups + n_parts - 1) * n_samples


def convolve(padded: Tensor, kernels: Tensor, hop_length: int, n_frames: int) -> Tensor:
    """`(b, T)` with `(rows, length)` kernels, every `hop_length` samples: `(b, n_frames, rows)`.

    For exported graphs: those of long kernels, which would be longer still in groups, and those of any number of
    samples, where the number of groups would be any, too.
    """
    if is_free(n_frames):
        return first_of(F.conv1d(padded[:, None], kernels[:, None], stride=hop_length).transpose(-1, -2), 1, n_frames)
    padded = padded[:, : (n_frames - 1) * hop_length + kernels.shape[-1]]
    return F.conv1d(padded[:, None], kernels[:, None], stride=hop_length).transpose(-1, -2)


def slide(padded: Tensor, grouped: Tensor, hop_length: int, n_frames: int) -> Tensor:
    """`(b, T)` with the kernels of `group_kernels`, every `hop_length` samples: `(b, n_frames, rows)`.

    Where T is less than `samples_read`, zeros follow.
    """
    n_clips = padded.shape[0]
    n_parts, n_samples, _ = grouped.shape
    n_steps = n_samples // hop_length
    n_read = samples_read(grouped, hop_length, n_frames)
    if padded.shape[-1] < n_read:
        padded = F.pad(padded, (0, n_read - padded.shape[-1]))
    groups = padded[:, :n_read].unflatten(-1, (-1, n_samples))
    first, *others = grouped.expand(n_clips, -1, -1, -1).unbind(1)
    n_groups = groups.shape[1] - len(others)
    sums = torch.bmm(groups[:, :n_groups], first)
    for second in others:
        sums = torch.baddbmm(sums, groups[:, 1:], second)
    return sums.unflatten(-1, (n_steps, -1)).flatten(1, 2)[:, :n_frames]
