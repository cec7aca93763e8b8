"""Augmentation of waveforms `(B, T)` float; every clip has parameters of its own. Shift and crop take int16 as well."""

import torch
from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.tables import count_up


def between(low: float, high: float, drawn: Tensor) -> Tensor:
    """Numbers uniform in `[0, 1)` → uniform in `[low, high)`."""
    return low + (high - low) * drawn


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
    (start,) = draws.parameters(starts_of_shifts, (max_samples, n_samples), n_clips, ())
    return rolls(waveform)[count_up(n_clips, waveform.device), start]


def starts_of_shifts(max_samples: int, n_samples: int, drawn: Tensor) -> tuple[Tensor]:
    """The sample that comes first of each clip."""
    shift = between(-max_samples, max_samples + 1, drawn).floor().long()
    return ((-shift) % n_samples,)


def random_crop(waveform: Tensor, n_samples: int, draws: Draws) -> Tensor:
    """`(B, T)` → `(B, n_samples)`: a piece of each clip from a random sample on; the end goes on with the beginning.

    A piece of T samples is the whole clip, rolled by anything; a longer one repeats it.

    >>> from esc_gpu.augment import Draws, random_crop
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> random_crop(torch.zeros(2, 8000), 4000, draws).shape
    torch.Size([2, 4000])
    """
    n_clips, length = waveform.shape
    (start,) = draws.parameters(any_sample, (length,), n_clips, ())
    return rolls(waveform, n_samples)[count_up(n_clips, waveform.device), start]


def any_sample(length: int, drawn: Tensor) -> tuple[Tensor]:
    """A sample of each clip."""
    return ((drawn * length).long(),)


def random_gain(waveform: Tensor, max_gain_db: float, draws: Draws) -> Tensor:
    """Scale each clip by a gain uniform in `[-max_gain_db, max_gain_db]` dB.

    >>> from esc_gpu.augment import Draws, random_gain
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> random_gain(torch.zeros(2, 8000), 6.0, draws).shape
    torch.Size([2, 8000])
    """
    (gain,) = draws.parameters(gains, (max_gain_db,), len(waveform), (1,))
    return waveform * gain


def gains(max_gain_db: float, drawn: Tensor) -> tuple[Tensor]:
    """Of amplitudes."""
    return (10.0 ** (between(-max_gain_db, max_gain_db, drawn) / 20),)


def random_polarity(waveform: Tensor, probability: float, draws: Draws) -> Tensor:
    """Turn a share of the clips upside down, as a microphone wired the other way would.

    >>> from esc_gpu.augment import Draws, random_polarity
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> random_polarity(torch.ones(4, 1), 1.0, draws).T
    tensor([[-1., -1., -1., -1.]])
    """
    (turned,) = draws.parameters(chosen, (probability,), len(waveform), (1,))
    return torch.where(turned, -waveform, waveform)


def chosen(probability: float, drawn: Tensor) -> tuple[Tensor]:
    """Which clips are among that share of all."""
    return (drawn < probability,)
