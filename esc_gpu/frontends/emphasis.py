"""Pre-emphasis of whole clips."""

import torch
from torch import Tensor

# What the first sample of a clip becomes: as if a zero stood before it, or nothing, for it has none before it.
STARTS = ("zero", "drop")


def emphasised(waveform: Tensor, share: float, before: Tensor | None = None) -> Tensor:
    """`(B, T)` without `share` of the sample before each one; `before` `(B, 1)` is that of the first one, or 0."""
    first = waveform.new_zeros(waveform.shape[0], 1) if before is None else before
    return waveform - share * torch.cat([first, waveform[:, :-1]], dim=1)
