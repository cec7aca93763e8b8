"""Clips that front-ends are tried on, and when two features of them are the same."""

import torch

RATE = 16000
SAMPLES = 8000


def noise(n_clips=2, n_samples=SAMPLES, seed=0, level=0.5):
    generator = torch.Generator().manual_seed(seed)
    return level * (torch.rand(n_clips, n_samples, generator=generator) * 2 - 1)


def tone(hz, n_samples=SAMPLES):
    return 0.5 * torch.sin(2 * torch.pi * hz / RATE * torch.arange(n_samples, dtype=torch.float64))[None].float()


def close(actual, expected):
    """Equal up to what float32 loses when a sum is taken in another order.

    3e-4 of the largest value is 0.03 dB of 100: a bin 80 dB under the loudest is good to 1e-3 of itself.
    """
    assert actual.shape == expected.shape
    assert (actual - expected).abs().max() <= 3e-4 * expected.abs().max()


def extremes():
    click = torch.zeros(SAMPLES)
    click[SAMPLES // 2] = 1
    half_silent = noise(1)[0]
    half_silent[: SAMPLES // 2] = 0
    square = torch.sign(tone(441)[0] + 1e-6)
    return torch.stack([torch.zeros(SAMPLES), torch.ones(SAMPLES), square, click, half_silent])


def finite_on_extremes(frontend):
    return bool(frontend(extremes()).isfinite().all())
