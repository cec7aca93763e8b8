"""Augmentation of waveforms `(B, T)` float; every clip draws its own parameters from `generator`."""

import torch
from torch import Generator, Tensor


def draw_uniform(count: int, low: float, high: float, generator: Generator) -> Tensor:
    """`(count, 1)` float32 uniform in `[low, high)`, on the generator's device."""
    return low + (high - low) * torch.rand(count, 1, generator=generator, device=generator.device)


def random_shift(waveform: Tensor, max_samples: int, generator: Generator) -> Tensor:
    """Roll each clip in time by up to `max_samples` either way; what leaves one end enters at the other."""
    n_clips, n_samples = waveform.shape
    shift = draw_uniform(n_clips, -max_samples, max_samples + 1, generator).floor().long()[:, 0]
    # All rolls of a clip are windows of the clip twice over: one contiguous copy each, no index a sample.
    rolls = torch.cat([waveform, waveform], dim=1).unfold(1, n_samples, 1)  # (B, T + 1, T), a view
    return rolls[torch.arange(n_clips, device=waveform.device), (-shift) % n_samples]


def random_gain(waveform: Tensor, max_gain_db: float, generator: Generator) -> Tensor:
    """Scale each clip by a gain uniform in `[-max_gain_db, max_gain_db]` dB."""
    gain_db = draw_uniform(len(waveform), -max_gain_db, max_gain_db, generator)
    return waveform * 10.0 ** (gain_db / 20)


def add_noise(waveform: Tensor, snr_db: tuple[float, float], probability: float, generator: Generator) -> Tensor:
    """Add white noise to a share of the clips, at a signal-to-noise ratio uniform in `snr_db` dB.

    A silent clip stays silent: its noise is as silent as it is.
    """
    n_clips = len(waveform)
    ratio_db = draw_uniform(n_clips, *snr_db, generator)
    chosen = draw_uniform(n_clips, 0, 1, generator) < probability
    rms = waveform.square().mean(dim=1, keepdim=True).sqrt()
    noise = torch.randn(waveform.shape, generator=generator, device=waveform.device, dtype=waveform.dtype)
    return waveform + noise * (rms * 10.0 ** (-ratio_db / 20) * chosen)
