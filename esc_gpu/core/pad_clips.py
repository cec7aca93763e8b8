"""Clips of unequal length in one batch."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from esc_gpu.core.waveform import check_waveform
from esc_gpu.errors import EscGpuError


def pad_clips(clips: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Clips `(T_i,)` → a batch `(B, T)` with zeros behind the shorter ones, and their lengths `(B,)` in samples.

    T is that of the longest clip. The batch has the type and the device of the clips. The lengths, int64, are on the
    CPU: a front-end checks them there before it sends them to the batch's device, and a GPU need not be waited for.

    Raises:
        EscGpuError: for no clips, what is not a waveform `(T_i,)`, empty clips, and clips of several types or devices.

    >>> from esc_gpu import create_frontend, pad_clips
    >>> waveform, lengths = pad_clips([torch.randn(16000), torch.randn(9000)])
    >>> create_frontend("logmel", sample_rate=16000)(waveform, lengths=lengths).shape
    torch.Size([2, 1, 128, 32])
    """
    if isinstance(clips, Tensor) or not isinstance(clips, Sequence) or len(clips) == 0:
        raise EscGpuError(f"clips are a list of tensors (T,), got {describe(clips)}: put each clip into a list")
    for number, clip in enumerate(clips):
        if not isinstance(clip, Tensor) or clip.ndim != 1 or len(clip) == 0:
            raise EscGpuError(
                f"clips are tensors (T,) of one sample or more, got {describe(clip)} for clip {number}: take one "
                "channel of a recording, and leave empty ones out"
            )
        if (clip.dtype, clip.device) != (clips[0].dtype, clips[0].device):
            raise EscGpuError(
                f"the clips of a batch are of one type on one device, got {clips[0].dtype} on {clips[0].device}, and "
                f"{clip.dtype} on {clip.device} for clip {number}: convert them first"
            )
    waveform = pad_sequence(list(clips), batch_first=True)
    check_waveform(waveform)
    return waveform, torch.tensor([len(clip) for clip in clips], device="cpu")


def describe(value: object) -> str:
    """What was given in place of clips."""
    if isinstance(value, Tensor):
        return f"a tensor {tuple(value.shape)}"
    return f"{'an empty ' if value in ([], ()) else ''}{type(value).__name__}"
