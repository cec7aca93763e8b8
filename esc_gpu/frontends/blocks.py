"""How much is computed at a time: what stays in a CPU's cache, what fits a GPU's memory, all in a traced graph."""

import math

import torch
from torch import Tensor

# Two cores' share of L2: windowed frames and their spectrum are read again before they leave it.
CPU_BYTES = 2 * 2**20
# Large enough to fill a GPU, small enough for an hour of audio on a small one.
GPU_BYTES = 2**29


def exporting() -> bool:
    """Whether torch.export or torch.onnx traces: not every runtime has complex numbers or an FFT."""
    # While torch.compile traces, is_exporting() is true as well.
    return torch.compiler.is_exporting() and not torch.compiler.is_dynamo_compiling()


def in_one_graph() -> bool:
    """Whether a graph for any number of clips is made, by torch.compile, torch.export or torch.jit.trace."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[attr-defined]  # torch's types lack it


def is_free(size: int) -> bool:
    """Whether a size of an exported graph may be any: then no branch and no loop may hang on it."""
    return isinstance(size, torch.SymInt) and exporting()


def first_of(tensor: Tensor, dim: int, size: int) -> Tensor:
    """The first `size` along a dimension, where `is_free(size)`: of a cut, an exporter wants a proof that it is one."""
    return tensor.index_select(dim, torch.arange(size, device=tensor.device))


def budget(tensor: Tensor, cpu_bytes: int | None = None) -> int:
    """Bytes of one block's input on the tensor's device."""
    if tensor.is_cuda:
        return GPU_BYTES
    return CPU_BYTES if cpu_bytes is None else cpu_bytes


def block_sizes(n_clips: int, n_frames: int, frame_bytes: int, budget_bytes: int) -> tuple[int, int]:
    """Clips and frames of a block of at most `budget_bytes`: several whole clips, or an even part of one."""
    if in_one_graph():  # a compiler makes its own blocks
        return n_clips, n_frames
    clip_bytes = n_frames * frame_bytes
    if clip_bytes <= budget_bytes:
        return min(n_clips, budget_bytes // clip_bytes), n_frames
    parts = math.ceil(clip_bytes / budget_bytes)
    return 1, math.ceil(n_frames / parts)


def join(parts: list[Tensor], dim: int) -> Tensor:
    """The parts in one tensor, which a single one is already."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim)
