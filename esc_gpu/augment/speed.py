"""Speed perturbation: pitch and tempo change together, as on a tape."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.tables import count_up, kept
from esc_gpu.augment.waveform import between, rolls

BLOCK = 512  # speeds are multiples of 1 / BLOCK, 3.4 cents of a semitone's 100
ZEROS = 8  # zero crossings of the sinc on each side

# Why a few weights serve a whole clip. At speed s the output's sample m lies at m s samples of the clip x, so that
#
#     y[m] = sum over n of x[n] h(m s - n),    h(u) = c sinc(c u) hann(c u),    c = min(1, 1 / s).
#
# This is interpolation by a sinc whose cut-off c is a share of the clip's Nyquist frequency: all of it for a slow clip,
# and for a fast one the 1 / s that the output can hold. The window, hann(x) = cos(pi x / (2 ZEROS))², ends with the
# sinc's zero crossing number ZEROS. That is at |u| = ZEROS / c, at most ZEROS * fastest: `half` taps to a side suffice.
#
# Any s would take weights of its own for every m. But let s be step / BLOCK with a whole step, and m = b BLOCK + j:
#
#     m s = b step + j step / BLOCK.
#
# The first term is whole. It moves the samples that are read and leaves their weights alone, which depend on j only.
# With first[j] = floor(j step / BLOCK), the taps of j are the 2 half samples from first[j] + 1 - half on:
#
#     y[b BLOCK + j] = sum over k of W[j, k] x[b step + 1 - half + first[j] + k],
#     W[j, k] = h(j step / BLOCK - first[j] - (k + 1 - half)).
#
# Column b of `pieces` is x from b step + 1 - half on. So all blocks together are a banded matrix times `pieces`: each
# of its BLOCK rows takes 2 half neighbouring rows of `pieces`. `embedding_bag` multiplies without the matrix's zeros.


def random_speed(waveform: Tensor, max_change: float, draws: Draws, n_samples: int | None = None) -> Tensor:
    """Play each clip at a speed log-uniform in `[1 / (1 + max_change), 1 + max_change]`.

    `(B, T)` → `(B, n_samples)`, by default T, from sample 0 on. The clip is a circle: a fast clip continues from its
    beginning, and the end of a slow clip is not reached. Speeds are rounded to multiples of 1 / 512.

    The interpolation is a sinc under a Hann window, 8 zero crossings to a side, cut off at the lower of the two Nyquist
    frequencies. Its error on a tone is below -70 dB up to 0.3 of that frequency, below -50 dB up to 0.6 and -40 dB at
    0.8; the last tenth fades out. (Linear interpolation is at -10 dB at 0.6, a cubic at -16 dB, and both let through
    what a fast clip folds back.) Positions are exact at any length, and a speed of 1 gives the samples exactly.

    Source: Ko et al., "Audio augmentation for speech recognition" (Interspeech 2015); Smith, "Digital Audio Resampling"
    (CCRMA, 2002), for the interpolation.

    >>> from esc_gpu.augment import Draws, random_speed
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> random_speed(torch.zeros(2, 8000), 0.1, draws).shape
    torch.Size([2, 8000])
    """
    n_clips, length = waveform.shape
    n_samples = length if n_samples is None else n_samples
    fastest = 1 + max_change
    step, of_block = draws.parameters(steps, (fastest,), n_clips, (1,))
    half = math.ceil(ZEROS * fastest)
    first, weights = (table[of_block] for table in interpolations(fastest, half, waveform.device))
    # What each block of output reads, (B, width, blocks): a sample and those that are read as it is, side by side.
    width = math.floor(BLOCK * fastest) + 2 * half
    block, clip = count_up(-(-n_samples // BLOCK), waveform.device), count_up(n_clips, waveform.device)[:, None]
    pieces = rolls(waveform, width)[clip, (block * step - half + 1) % length].transpose(1, 2)
    taps = (clip * width + first)[..., None] + count_up(2 * half, waveform.device)
    samples = F.embedding_bag(
        taps.flatten(0, 1), pieces.flatten(0, 1), per_sample_weights=weights.flatten(0, 1), mode="sum"
    )
    return samples.unflatten(0, (n_clips, BLOCK)).transpose(1, 2).flatten(1)[:, :n_samples]


def steps(fastest: float, drawn: Tensor) -> tuple[Tensor, Tensor]:
    """`(B, 1)` samples by which a block of each clip moves on, and `(B,)` their place in `interpolations`."""
    slowest = math.ceil(BLOCK / fastest)
    speed = fastest ** between(-1, 1, drawn)
    step = (speed * BLOCK).round().clamp(slowest, math.floor(BLOCK * fastest)).long()
    return step, (step - slowest)[:, 0]


@kept
def interpolations(fastest: float, half: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """`interpolation` of every step of a speed from `1 / fastest` to `fastest`, ascending."""
    steps = torch.arange(math.ceil(BLOCK / fastest), math.floor(BLOCK * fastest) + 1, device=device)
    return interpolation(steps[:, None].float(), half)


def interpolation(step: Tensor, half: int) -> tuple[Tensor, Tensor]:
    """The taps of a block that moves on by `step` `(B, 1)` samples.

    Returns `(B, BLOCK)` int64, the position of each output's first tap, counted from `half - 1` samples before the
    block, and `(B, BLOCK, 2 * half)` float32, the weights of its taps.
    """
    # Whole numbers below 2^24 over a power of two: exact in float32.
    position = torch.arange(BLOCK, device=step.device) * step / BLOCK
    first = position.floor()
    offset = torch.arange(1 - half, half + 1, device=step.device)
    cutoff = (BLOCK / step).clamp_max(1.0)[..., None]
    x = cutoff * ((position - first)[..., None] - offset)
    # Exactly 1 at 0 and 0 at other whole numbers.
    sinc = torch.where(x == x.round(), (x == 0).float(), torch.sin(math.pi * x) / (math.pi * x))
    hann = (x.clamp(-ZEROS, ZEROS) * (math.pi / 2 / ZEROS)).cos().square()
    return first.long(), cutoff * sinc * hann
