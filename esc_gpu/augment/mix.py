"""mixup (Zhang et al. 2018) of waveforms and their labels."""

import functools

import scipy.special
import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.augment.draws import Draws


def mixup(waveform: Tensor, target: Tensor, alpha: float, draws: Draws) -> tuple[Tensor, Tensor]:
    """Blend each clip with its neighbour in the batch, and their label distributions alike.

    Clips 0 and 1 are partners, 2 and 3, and so on; an odd one at the end stays as it is. In a shuffled batch that is
    as random as any other pairing, and a process whose share of a batch is even has both of each pair.

    Args:
        waveform: `(B, T)` float.
        target: `(B, K)` label distributions.
        alpha: of the Beta(alpha, alpha) distribution of the share; small values mix little.
        draws: the random numbers.
    """
    n_clips = len(waveform)
    share = draw_beta(n_clips, alpha, draws)[:, None]
    partner = (torch.arange(n_clips, device=waveform.device) ^ 1).clamp_max(n_clips - 1)
    return torch.lerp(waveform[partner], waveform, share), torch.lerp(target[partner], target, share)


def draw_beta(n_clips: int, alpha: float, draws: Draws) -> Tensor:
    """`(n_clips,)` from Beta(alpha, alpha), by its quantile function: torch has no such sampler with a generator."""
    quantiles = beta_quantiles(alpha, draws.device)
    position = draws.uniform(n_clips) * (len(quantiles) - 1)
    below = position.long().clamp_max(len(quantiles) - 2)
    return torch.lerp(quantiles[below], quantiles[below + 1], position - below)


@functools.lru_cache(maxsize=8)
def beta_quantiles(alpha: float, device: torch.device, steps: int = 4096) -> Tensor:
    """`(steps + 1,)` quantiles of Beta(alpha, alpha) at evenly spaced probabilities."""
    probability = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    return torch.from_numpy(scipy.special.betaincinv(alpha, alpha, probability.numpy())).float().to(device)


def smooth_one_hot(labels: Tensor, n_classes: int, smoothing: float) -> Tensor:
    """`(B,)` labels → `(B, K)` distributions with `smoothing` spread over all classes (Szegedy et al. 2016)."""
    return F.one_hot(labels, n_classes).float() * (1 - smoothing) + smoothing / n_classes
