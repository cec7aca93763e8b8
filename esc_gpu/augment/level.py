"""How loud a clip is."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.augment.tables import kept

WINDOW_SECONDS = 0.1
QUIETEST_DB = -80.0


def sound_level(waveform: Tensor, sample_rate: int) -> Tensor:
    """A-weighted sound level of each clip at its loudest instant, `(B, T)` → `(B,)` in dB of full scale squared.

    The highest of the levels of half-overlapping Hann windows of about 0.1 s (a power of two samples), and no less than
    -80 dB, also for silence. A sine at 1 kHz has 20 log10 of its RMS.

    Source: Tokozume et al. 2018, section 3.2 and their implementation; IEC 61672-1, annex E, for the weighting.
    """
    n_fft = 2 ** round(math.log2(WINDOW_SECONDS * sample_rate))
    hop = n_fft // 2
    window, weights = window_and_weights(n_fft, sample_rate, waveform.device)
    padded = F.pad(waveform, (hop, hop + (-waveform.shape[1]) % hop))
    spectrum = torch.fft.rfft(padded.unfold(-1, n_fft, hop) * window)  # (B, N, F)
    power = torch.view_as_real(spectrum).square().flatten(-2) @ weights
    return 10 * power.amax(dim=1).log10().clamp_min(QUIETEST_DB / 10)


@kept
def window_and_weights(n_fft: int, sample_rate: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """`(n_fft,)` Hann window, and `(n_fft + 2,)` weights of the squares of both parts of each point of the spectrum."""
    window = torch.hann_window(n_fft, device=device)
    # Parseval: the two sides of the spectrum hold n_fft times the energy under the window.
    weights = a_weighting(torch.fft.rfftfreq(n_fft, 1 / sample_rate, device=device))
    weights = weights * (2 / n_fft) / window.square().sum()
    return window, weights[:, None].expand(-1, 2).flatten()  # repeat_interleave would be counted on the host


def a_weighting(frequency: Tensor) -> Tensor:
    """Gain of a power by the A-weighting curve at frequencies in Hz; 1 at 1 kHz."""
    square = frequency.square()
    poles = (square + 20.598997**2).square() * (square + 107.65265**2) * (square + 737.86223**2)
    amplitude = 12194.217**2 * square.square() / poles.sqrt() / (square + 12194.217**2)
    return amplitude.square() * 10 ** (2.0 / 10)
