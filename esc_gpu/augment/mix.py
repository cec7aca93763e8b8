"""mixup (Zhang et al. 2018) of waveforms and their labels."""

import functools

import scipy.special
import torch
import torch.nn.functional as F
from torch import Generator, Tensor


def mixup(waveform: Tensor, target: Tensor, alpha: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Blend each clip with another of its batch, and their label distributions alike.

    Args:
        waveform: `(B, T)` float.
        target: `(B, K)` label distributions.
        alpha: of the Beta(alpha, alpha) distribution of the share; small values mix little.
        generator: on the waveform's device.
    """
    share = draw_beta(len(waveform), alpha, generator)[:, None]
    partner = torch.randperm(len(waveform), generator=generator, device=generator.device)
    return torch.lerp(waveform[partner], waveform, share), torch.lerp(target[partner], target, share)


def draw_beta(count: int, alpha: float, generator: Generator) -> Tensor:
    """`(count,)` from Beta(alpha, alpha), by its quantile function: torch has no such sampler with a generator."""
    quantiles = beta_quantiles(alpha).to(generator.device)
    position = torch.rand(count, generator=generator, device=generator.device) * (len(quantiles) - 1)
    below = position.long().clamp_max(len(quantiles) - 2)
    return torch.lerp(quantiles[below], quantiles[below + 1], position - below)


@functools.lru_cache(maxsize=8)
def beta_quantiles(alpha: float, steps: int = 4096) -> Tensor:
    """`(steps + 1,)` quantiles of Beta(alpha, alpha) at evenly spaced probabilities."""
    probability = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    return torch.from_numpy(scipy.special.betaincinv(alpha, alpha, probability.numpy())).float()


def smooth_one_hot(labels: Tensor, n_classes: int, smoothing: float) -> Tensor:
    """`(B,)` labels → `(B, K)` distributions with `smoothing` spread over all classes (Szegedy et al. 2016)."""
    return F.one_hot(labels, n_classes).float() * (1 - smoothing) + smoothing / n_classes
