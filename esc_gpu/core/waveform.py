"""What a waveform tensor is: (B, T), int16 or float with full scale at ±1."""

import torch
from torch import Tensor

from esc_gpu.core.full_scale import FULL_SCALE
from esc_gpu.errors import EscGpuError


def check_waveform(waveform: Tensor) -> None:
    """Refuse what is not `(B, T)` int16 or float.

    Raises:
        EscGpuError: for what is no tensor, for another number of dimensions or dtype, and for no clips.
    """
    if not isinstance(waveform, Tensor):
        raise EscGpuError(f"a waveform batch is a tensor, got {type(waveform).__name__}: use torch.from_numpy")
    if waveform.ndim != 2:
        raise EscGpuError(
            f"a waveform batch has the shape (B, T), got {tuple(waveform.shape)}: "
            "add a batch dimension with waveform[None], or drop a channel dimension with waveform[:, 0]"
        )
    if waveform.shape[0] == 0:  # of a dynamic batch, len() would fix the size
        raise EscGpuError("the waveform batch holds no clips: leave empty batches out")
    if waveform.dtype != torch.int16 and not waveform.is_floating_point():
        raise EscGpuError(f"a waveform is int16 or floating point, got {waveform.dtype}: convert it first")


def to_float(waveform: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """`(B, T)` int16 or float → the same in `dtype`, full scale at ±1; raises what `check_waveform` does."""
    check_waveform(waveform)
    if waveform.dtype != torch.int16:
        return waveform.to(dtype)
    # Of a power of two, the product is the quotient to the bit. A GPU converts and multiplies in one kernel.
    if waveform.is_cuda and dtype == torch.get_default_dtype():
        return waveform * (1 / FULL_SCALE)
    return waveform.to(dtype).mul_(1 / FULL_SCALE)
