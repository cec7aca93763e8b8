"""A random equaliser: other microphones, loudspeakers and rooms colour a sound in such ways."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.waveform import rolls

TAPS = 512  # of the filter, and points of its frequency response round the circle
OCTAVES = int(math.log2(TAPS // 2))  # from the Nyquist frequency down to the first point above 0
N_FFT = 4096  # samples filtered at a time


def random_equalizer(waveform: Tensor, max_gain_db: float, draws: Draws) -> Tensor:
    """Filter each clip by a smooth random frequency response between `-max_gain_db` and `max_gain_db` dB.

    The gains are uniform in that range at the Nyquist frequency and each of the eight octaves below it, linear over
    log frequency between them and constant below the last (86 Hz at 44.1 kHz). The filter has 511 taps and zero phase,
    no delay; its response lies between the lowest and the highest gain drawn, and resolves 1 / 512 of the sample rate:
    the lowest octaves are smoothed. `(B, T)` → `(B, T)`, the clip a circle at its ends. With `max_gain_db` 0 the clips
    come back exactly.

    Source: frequency sampling design, Oppenheim & Schafer, "Discrete-Time Signal Processing", section 7; overlap-save,
    section 8.7.

    >>> from esc_gpu.augment import Draws, random_equalizer
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> random_equalizer(torch.zeros(2, 8000), 6.0, draws).shape
    torch.Size([2, 8000])
    """
    gain_db = max_gain_db * (2 * draws.uniform(len(waveform), OCTAVES + 1) - 1)
    # Only what the equaliser changes is filtered.
    return waveform + circular_filter(waveform, 10.0 ** (interpolate_octaves(gain_db) / 20) - 1)


def interpolate_octaves(gain: Tensor) -> Tensor:
    """`(B, OCTAVES + 1)` from low to high → `(B, TAPS // 2 + 1)` at evenly spaced frequencies from 0 to Nyquist."""
    octave = torch.arange(TAPS // 2 + 1, device=gain.device).clamp_min(1).log2()
    below = octave.long().clamp_max(OCTAVES - 1)
    return torch.lerp(gain[:, below], gain[:, below + 1], octave - below)


def circular_filter(waveform: Tensor, response: Tensor) -> Tensor:
    """Filter clips `(B, T)` by the zero-phase responses `(B, TAPS // 2 + 1)`, interpolated between their points.

    The taps are under a triangular window: its transform, Fejér's kernel, is not negative, and adds up to 1 over the
    points. So the response anywhere is a mean of them.
    """
    half, length = TAPS // 2, waveform.shape[1]
    triangle = torch.arange(half, -1, -1, device=waveform.device) / half
    taps = torch.fft.irfft(response, n=TAPS)[:, : half + 1] * triangle  # those of the other side mirror them
    fine = torch.fft.hfft(F.pad(taps, (0, N_FFT // 2 - half)), n=N_FFT)[:, : N_FFT // 2 + 1]
    # Overlap-save: of N_FFT samples filtered round a circle, all but `half` at each end are as if it were none.
    hop = N_FFT - TAPS
    start = (torch.arange(-(-length // hop), device=waveform.device) * hop - half) % length
    spectrum = torch.fft.rfft(rolls(waveform, N_FFT)[:, start]) * fine[:, None]
    return torch.fft.irfft(spectrum, n=N_FFT)[..., half:-half].flatten(1)[:, :length]
