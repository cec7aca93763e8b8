"""Augmentation of waveforms `(B, T)` float; every clip has parameters of its own. Shift and crop take int16 as well."""

import torch
from torch import Tensor

from esc_gpu.augment.draws import Draws


def draw_between(n_clips: int, low: float, high: float, draws: Draws) -> Tensor:
    """`(n_clips, 1)` float32 uniform in `[low, high)`."""
    return low + (high - low) * draws.uniform(n_clips, 1)


def rolls(waveform: Tensor, n_samples: int | None = None) -> Tensor:
    """`(..., T)` → `(..., T + 1, n_samples)`: what a circle of the clip holds from sample 0 to T on, as a view.

    `n_samples` is T by default, and may be more: the circle goes round. To index a piece of it is one contiguous copy,
    no index a sample.
    """
    length = waveform.shape[-1]
    n_samples = length if n_samples is None else n_samples
    turns, rest = divmod(n_samples, length)
    circle = torch.cat([waveform] * (1 + turns) + [waveform[..., :rest]], dim=-1)
    return circle.unfold(-1, n_samples, 1)


def random_shift(waveform: Tensor, max_samples: int, draws: Draws) -> Tensor:
    """Roll each clip in time by up to `max_samples` either way; what leaves one end enters at the other.

    >>> from esc_gpu.augment import Draws, random_shift
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> random_shift(torch.zeros(2, 8000), 800, draws).shape
    torch.Size([2, 8000])
    """
    n_clips, n_samples = waveform.shape
    shift = draw_between(n_clips, -max_samples, max_samples + 1, draws).floor().long()[:, 0]
    return rolls(waveform)[torch.arange(n_clips, device=waveform.device), (-shift) % n_samples]


def random_crop(waveform: Tensor, n_samples: int, draws: Draws) -> Tensor:
    """`(B, T)` → `(B, n_samples)`: a piece of each clip from a random sample on; the end goes on with the beginning.

    A piece of T samples is the whole clip, rolled by anything; a longer one repeats it.

    >>> from esc_gpu.augment import Draws, random_crop
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> random_crop(torch.zeros(2, 8000), 4000, draws).shape
    torch.Size([2, 4000])
    """
    n_clips, length = waveform.shape
    start = (draws.uniform(n_clips) * length).long()
    return rolls(waveform, n_samples)[torch.arange(n_clips, device=waveform.device), start]


def random_gain(waveform: Tensor, max_gain_db: float, draws: Draws) -> Tensor:
    """Scale each clip by a gain uniform in `[-max_gain_db, max_gain_db]` dB.

    >>> from esc_gpu.augment import Draws, random_gain
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> random_gain(torch.zeros(2, 8000), 6.0, draws).shape
    torch.Size([2, 8000])
    """
    gain_db = draw_between(len(waveform), -max_gain_db, max_gain_db, draws)
    return waveform * 10.0 ** (gain_db / 20)


def random_polarity(waveform: Tensor, probability: float, draws: Draws) -> Tensor:
    """Turn a share of the clips upside down, as a microphone wired the other way would.

    >>> from esc_gpu.augment import Draws, random_polarity
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> random_polarity(torch.ones(4, 1), 1.0, draws).T
    tensor([[-1., -1., -1., -1.]])
    """
    turned = draws.uniform(len(waveform), 1) < probability
    return torch.where(turned, -waveform, waveform)
