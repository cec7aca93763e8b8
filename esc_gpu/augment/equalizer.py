"""A random equaliser: other microphones, loudspeakers and rooms colour a sound in such ways."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.tables import kept
from esc_gpu.augment.waveform import rolls

TAPS = 512  # of the filter, and points of its frequency response round the circle
OCTAVES = int(math.log2(TAPS // 2))  # from the Nyquist frequency down to the first point above 0
N_FFT = 4096  # samples filtered at a time


def random_equalizer(waveform: Tensor, max_gain_db: float, draws: Draws) -> Tensor:
    """Filter each clip with a smooth random frequency response between `-max_gain_db` and `max_gain_db` dB.

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
    (fine,) = draws.parameters(changes, (max_gain_db,), len(waveform), (OCTAVES + 1,))
    return waveform + filter_pieces(waveform, fine)


def changes(max_gain_db: float, drawn: Tensor) -> tuple[Tensor]:
    """What the equaliser adds to each clip, as `fine_response`: no more than that is filtered."""
    gain_db = max_gain_db * (2 * drawn - 1)
    return (fine_response(10.0 ** (interpolate_octaves(gain_db) / 20) - 1),)


def interpolate_octaves(gain: Tensor) -> Tensor:
    """`(B, OCTAVES + 1)` from low to high → `(B, TAPS // 2 + 1)` at evenly spaced frequencies from 0 to Nyquist."""
    below, above, share = points_of_octaves(gain.device)
    return torch.lerp(gain[:, below], gain[:, above], share)


@kept
def points_of_octaves(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Of each point of the response the octave below it, that above, and how far it is from the one to the other."""
    octave = torch.arange(TAPS // 2 + 1, device=device).clamp_min(1).log2()
    below = octave.long().clamp_max(OCTAVES - 1)
    return below, below + 1, octave - below


@kept
def triangle(device: torch.device) -> Tensor:
    """`(TAPS // 2 + 1,)`: the half of the window from its middle on."""
    half = TAPS // 2
    return torch.arange(half, -1, -1, device=device) / half


@kept
def starts(length: int, hop: int, device: torch.device) -> Tensor:
    """The sample of a clip at which each piece to be filtered begins."""
    return (torch.arange(-(-length // hop), device=device) * hop - TAPS // 2) % length


def circular_filter(waveform: Tensor, response: Tensor) -> Tensor:
    """Filter clips `(B, T)` by the zero-phase responses `(B, TAPS // 2 + 1)`, interpolated between their points."""
    return filter_pieces(waveform, fine_response(response))


def fine_response(response: Tensor) -> Tensor:
    """`(B, TAPS // 2 + 1)` points of a zero-phase response → `(B, N_FFT // 2 + 1)`, by as many taps as before.

    The taps are under a triangular window: its transform, Fejér's kernel, is not negative, and adds up to 1 over the
    points. So the response anywhere is a mean of them.
    """
    half = TAPS // 2
    # The taps of the other side mirror these.
    taps = torch.fft.irfft(response, n=TAPS)[:, : half + 1] * triangle(response.device)
    return torch.fft.hfft(F.pad(taps, (0, N_FFT // 2 - half)), n=N_FFT)[:, : N_FFT // 2 + 1]


def filter_pieces(waveform: Tensor, fine: Tensor) -> Tensor:
    """Filter clips `(B, T)` by `fine_response`, piece by piece.

    Overlap-save: of N_FFT samples filtered round a circle, all but `half` at each end are as if it were none.
    """
    half, length = TAPS // 2, waveform.shape[1]
    hop = N_FFT - TAPS
    pieces = rolls(waveform, N_FFT)[:, starts(length, hop, waveform.device)]
    spectrum = torch.fft.rfft(pieces) * fine[:, None]
    return torch.fft.irfft(spectrum, n=N_FFT)[..., half:-half].flatten(1)[:, :length]
