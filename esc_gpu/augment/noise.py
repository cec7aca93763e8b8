"""Noise of any colour, at a signal-to-noise ratio."""

import torch
from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.tables import kept
from esc_gpu.augment.waveform import any_sample, between, chosen, rolls

# Below this share of the sample rate (22 Hz at 44.1 kHz) coloured noise is white: red noise would be nothing but a
# swing too slow to be heard, whatever ratio it was added at.
WHITE_BELOW = 1 / 2000


def add_noise(
    waveform: Tensor,
    snr_db: tuple[float, float],
    probability: float,
    draws: Draws,
    exponent: tuple[float, float] = (0.0, 0.0),
) -> Tensor:
    """Add noise to a share of the clips, at a signal-to-noise ratio uniform in `snr_db` dB.

    All clips of a batch share one noise, and each uses it from a different instant. This is as good as separate
    noise and costs less than its random numbers. A silent clip stays silent, because its noise has the same
    level.

    Args:
        waveform: `(B, T)` float.
        snr_db: lowest and highest ratio.
        probability: share of the clips that get noise; the others stay exactly as they are.
        draws: the random numbers.
        exponent: range of the `a` in the noise's power spectrum 1 / f^a, uniform, one for the batch: 0 is white
            noise, 1 pink, 2 red (brown); both ends 0 for white noise, at less cost.

    >>> from esc_gpu.augment import Draws, add_noise
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> add_noise(torch.ones(2, 8000), (0.0, 20.0), 1.0, draws).shape
    torch.Size([2, 8000])
    """
    n_clips, n_samples = waveform.shape
    factor, start = draws.parameters(factors_and_starts, (*snr_db, probability, n_samples), n_clips, (1,), (1,), ())
    noise = coloured_noise(n_samples, exponent, draws) if any(exponent) else draws.shared_normal(n_samples)
    rms = waveform.square().mean(dim=1, keepdim=True).sqrt()
    return waveform + rolls(noise.to(waveform.dtype))[start] * (rms * factor)


def factors_and_starts(
    lowest_db: float,
    highest_db: float,
    probability: float,
    n_samples: int,
    ratio: Tensor,
    choice: Tensor,
    start: Tensor,
) -> tuple[Tensor, Tensor]:
    """The noise's RMS over that of its clip, 0 for the clips that get none, and the sample at which it begins."""
    (are_chosen,), (starts,) = chosen(probability, choice), any_sample(n_samples, start)
    return 10.0 ** (-between(lowest_db, highest_db, ratio) / 20) * are_chosen, starts


@kept
def frequencies(n_samples: int, device: torch.device) -> Tensor:
    """`(n_samples // 2 + 1,)` of a spectrum's points as shares of the sample rate, and none so low that it is white."""
    return torch.fft.rfftfreq(n_samples, device=device).clamp_min(WHITE_BELOW)


def coloured_noise(n_samples: int, exponent: tuple[float, float], draws: Draws) -> Tensor:
    """`(n_samples,)` of RMS 1 on a circle, with the power spectrum 1 / f^a; `a` is uniform in `exponent`.

    Source: Timmer & Koenig, "On generating power law noise" (Astronomy & Astrophysics 300, 1995): normal numbers for
    both parts of each point of the spectrum.
    """
    low, high = exponent
    # The distribution function of a normal number is uniform in 0 to 1.
    drawn = between(low, high, torch.special.ndtr(draws.shared_normal(1)))
    frequency = frequencies(n_samples, draws.device)
    white = torch.view_as_complex(draws.shared_normal(2 * len(frequency)).view(-1, 2))
    noise = torch.fft.irfft(white * frequency ** (-drawn / 2), n=n_samples)
    return noise / noise.square().mean().sqrt()
