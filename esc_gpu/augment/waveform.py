"""Augmentation of waveforms `(B, T)` float; every clip has parameters of its own."""

import torch
from torch import Tensor

from esc_gpu.augment.draws import Draws


def draw_between(n_clips: int, low: float, high: float, draws: Draws) -> Tensor:
    """`(n_clips, 1)` float32 uniform in `[low, high)`."""
    return low + (high - low) * draws.uniform(n_clips, 1)


def rolls(waveform: Tensor) -> Tensor:
    """`(..., T)` → `(..., T + 1, T)`: the clip rolled left by 0 to T samples, as a view of it twice over."""
    return torch.cat([waveform, waveform], dim=-1).unfold(-1, waveform.shape[-1], 1)


def random_shift(waveform: Tensor, max_samples: int, draws: Draws) -> Tensor:
    """Roll each clip in time by up to `max_samples` either way; what leaves one end enters at the other."""
    n_clips, n_samples = waveform.shape
    shift = draw_between(n_clips, -max_samples, max_samples + 1, draws).floor().long()[:, 0]
    # One contiguous copy a clip, no index a sample.
    return rolls(waveform)[torch.arange(n_clips, device=waveform.device), (-shift) % n_samples]


def random_gain(waveform: Tensor, max_gain_db: float, draws: Draws) -> Tensor:
    """Scale each clip by a gain uniform in `[-max_gain_db, max_gain_db]` dB."""
    gain_db = draw_between(len(waveform), -max_gain_db, max_gain_db, draws)
    return waveform * 10.0 ** (gain_db / 20)


def add_noise(waveform: Tensor, snr_db: tuple[float, float], probability: float, draws: Draws) -> Tensor:
    """Add white noise to a share of the clips, at a signal-to-noise ratio uniform in `snr_db` dB.

    The clips of a batch have one noise between them, from an instant of their own each: as good as one each, and a
    batch of it costs less than its random numbers. A silent clip stays silent: its noise is as silent as it is.
    """
    n_clips, n_samples = waveform.shape
    ratio_db = draw_between(n_clips, *snr_db, draws)
    chosen = draws.uniform(n_clips, 1) < probability
    start = (draws.uniform(n_clips) * n_samples).long()
    noise = rolls(draws.shared_normal(n_samples).to(waveform.dtype))[start]
    rms = waveform.square().mean(dim=1, keepdim=True).sqrt()
    return waveform + noise * (rms * 10.0 ** (-ratio_db / 20) * chosen)
