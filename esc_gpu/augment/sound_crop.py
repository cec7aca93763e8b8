"""Crops of the part of a clip that sounds: short recordings stand before, between or behind digital silence."""

import torch
from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.tables import count_up
from esc_gpu.augment.waveform import rolls

FLOOR = 1e-3  # of the clip's peak, -60 dB: what is not louder is silence


def random_sound_crop(waveform: Tensor, n_samples: int, draws: Draws, window: int | None = None) -> Tensor:
    """`(B, T)` → `(B, n_samples)`: a piece of each clip where it sounds; the end goes on with the beginning.

    A clip sounds from its first to its last sample above -60 dB of its peak, and a silent one everywhere. A piece that
    is shorter than this part lies in it, and one that is longer holds all of it. Among such pieces each is as likely.

    Args:
        waveform: int16 or float.
        n_samples: of the pieces.
        draws: the random numbers.
        window: samples at the beginning of a piece for which this holds; by default all of them.

    >>> from esc_gpu.augment import Draws, random_sound_crop
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> random_sound_crop(torch.zeros(2, 8000), 4000, draws).shape
    torch.Size([2, 4000])
    """
    n_clips, length = waveform.shape
    first, end = sounding_part(waveform)
    last_start = end - (n_samples if window is None else window)
    low, high = first.minimum(last_start), first.maximum(last_start)
    (share,) = draws.parameters(as_drawn, (), n_clips, ())
    start = (low + (share * (high - low + 1)).long()) % length
    return rolls(waveform, n_samples)[count_up(n_clips, waveform.device), start]


def sounding_part(waveform: Tensor) -> tuple[Tensor, Tensor]:
    """`(B,)` int64 twice: the first sample above -60 dB of the clip's peak, and the one behind the last of them."""
    magnitude = waveform.float().abs()  # in int16 that of -32768 is none
    sounds = (magnitude > FLOOR * magnitude.amax(dim=1, keepdim=True)).to(torch.int8)
    return sounds.argmax(dim=1), waveform.shape[1] - sounds.flip(1).argmax(dim=1)  # of equal ones the first is taken


def as_drawn(drawn: Tensor) -> tuple[Tensor]:
    """Where among its starts each piece begins."""
    return (drawn,)
