"""Mixtures of two clips and of their labels."""

import scipy.special
import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.level import sound_level
from esc_gpu.augment.tables import kept
from esc_gpu.augment.waveform import chosen


def mixup(waveform: Tensor, target: Tensor, alpha: float, draws: Draws) -> tuple[Tensor, Tensor]:
    """Blend each clip with its partner (see `partners`), and mix their label distributions in the same proportion.

    Args:
        waveform: `(B, T)` float.
        target: `(B, K)` label distributions.
        alpha: of the Beta(alpha, alpha) distribution of the share; small values mix little.
        draws: the random numbers.

    Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization" (ICLR 2018), eq. 1.

    >>> from esc_gpu.augment import Draws, mixup
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> [part.shape for part in mixup(torch.zeros(4, 8000), torch.eye(4), 0.2, draws)]
    [torch.Size([4, 8000]), torch.Size([4, 4])]
    """
    n_clips = len(waveform)
    (share,) = draws.parameters(beta_shares, (alpha,), n_clips, (1,))
    partner = partners(n_clips, waveform.device)
    return torch.lerp(waveform[partner], waveform, share), torch.lerp(target[partner], target, share)


def between_class(
    waveform: Tensor, target: Tensor, probability: float, draws: Draws, sample_rate: int
) -> tuple[Tensor, Tensor]:
    """Mix clips with their partners (see `partners`) so that each is as loud as its share of the label.

    The share of a clip in its own mixture is uniform in 0 to 1. The clips are scaled so that their sound levels have
    the ratio of the shares, and the mixture so that its power is that of clips of one power, uncorrelated as they are.

    Args:
        waveform: `(B, T)` float.
        target: `(B, K)` label distributions.
        probability: share of the clips that are mixed; the others stay exactly as they are.
        draws: the random numbers.
        sample_rate: of the waveforms in Hz.

    Source: Tokozume, Ushiku & Harada, "Learning from Between-class Examples for Deep Sound Recognition" (ICLR 2018),
    section 3.

    >>> from esc_gpu.augment import Draws, between_class
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> [part.shape for part in between_class(torch.zeros(4, 8000), torch.eye(4), 0.5, draws, 8000)]
    [torch.Size([4, 8000]), torch.Size([4, 4])]
    """
    n_clips = len(waveform)
    partner = partners(n_clips, waveform.device)
    (share,) = draws.parameters(shares, (probability,), n_clips, (1,), (1,))
    if n_clips % 2:
        share = torch.where(have_partners(n_clips, waveform.device), share, 1.0)
    level_db = sound_level(waveform, sample_rate)[:, None]
    # p of the paper, with both parts of its fraction times r: finite at a share of 0.
    own = share / (share + (1 - share) * 10.0 ** ((level_db - level_db[partner]) / 20))
    norm = (own.square() + (1 - own).square()).sqrt()
    return waveform * (own / norm) + waveform[partner] * ((1 - own) / norm), torch.lerp(target[partner], target, share)


@kept
def partners(n_clips: int, device: torch.device) -> Tensor:
    """`(n_clips,)` positions: clips 0 and 1 are partners, 2 and 3, and so on; an odd one at the end is its own.

    In a shuffled batch that is as random as any other pairing, and a process whose share of a batch is even has both
    of each pair.
    """
    return (torch.arange(n_clips, device=device) ^ 1).clamp_max(n_clips - 1)


@kept
def have_partners(n_clips: int, device: torch.device) -> Tensor:
    """`(n_clips, 1)` bool: False for one that is its own partner, and that one's partner."""
    partner = partners(n_clips, device)
    return (partner != partner[partner])[:, None]


def shares(probability: float, share: Tensor, choice: Tensor) -> tuple[Tensor]:
    """Of each clip in its own mixture: all of it where it is not among that share of the clips."""
    (are_mixed,) = chosen(probability, choice)
    return (torch.where(are_mixed, share, 1.0),)


def beta_shares(alpha: float, drawn: Tensor) -> tuple[Tensor]:
    """Numbers of Beta(alpha, alpha), by its quantile function: torch has no such sampler with a generator."""
    quantiles = beta_quantiles(alpha, drawn.device)
    position = drawn * (len(quantiles) - 1)
    below = position.long().clamp_max(len(quantiles) - 2)
    return (torch.lerp(quantiles[below], quantiles[below + 1], position - below),)


@kept
def beta_quantiles(alpha: float, device: torch.device, steps: int = 4096) -> Tensor:
    """`(steps + 1,)` quantiles of Beta(alpha, alpha) at evenly spaced probabilities."""
    probability = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    return torch.from_numpy(scipy.special.betaincinv(alpha, alpha, probability.numpy())).float().to(device)


def smooth_one_hot(labels: Tensor, num_classes: int, smoothing: float) -> Tensor:
    """`(B,)` labels → `(B, K)` distributions with `smoothing` spread over all classes (Szegedy et al. 2016)."""
    return F.one_hot(labels, num_classes).float() * (1 - smoothing) + smoothing / num_classes
