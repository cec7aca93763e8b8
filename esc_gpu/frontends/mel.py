"""Mel scale, mel filter bank and the log-mel spectrogram."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from esc_gpu.core.checks import check_choice, check_frequency_range, check_int, check_weights
from esc_gpu.frontends.filterbank import BandSpectrogram, FilterbankFrontend, triangles

MEL_SCALES = ("slaney", "htk", "kaldi")
NORMS = ("slaney", None)

# Slaney's Auditory Toolbox (1998): linear under 1 kHz, 27 logarithmic steps for each factor of 6.4 above.
_HZ_PER_MEL = 200.0 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


def hz_to_mel(hz: np.ndarray | float, mel_scale: str) -> np.ndarray:
    """Hz → mel, on Slaney's scale, or on HTK's `2595 log10(1 + f / 700)`, which is Kaldi's as well."""
    hz = np.asarray(hz, dtype=np.float64)
    if mel_scale != "slaney":
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    return np.where(
        hz < _BREAK_HZ, hz / _HZ_PER_MEL, _BREAK_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    )


def mel_to_hz(mel: np.ndarray | float, mel_scale: str) -> np.ndarray:
    """The inverse of `hz_to_mel`."""
    mel = np.asarray(mel, dtype=np.float64)
    if mel_scale != "slaney":
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return np.where(mel < _BREAK_MEL, mel * _HZ_PER_MEL, _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL)))


def mel_frequencies(n_mels: int, fmin: float, fmax: float, mel_scale: str) -> np.ndarray:
    """`(n_mels + 2,)` edges in Hz, evenly spaced in mel; the centres are those without the two ends."""
    ends = hz_to_mel(fmin, mel_scale), hz_to_mel(fmax, mel_scale)
    return mel_to_hz(np.linspace(*ends, n_mels + 2), mel_scale)


def mel_filterbank(
    sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float, mel_scale: str, norm: str | None
) -> np.ndarray:
    """`(n_mels, n_fft // 2 + 1)` float64 triangles, as `librosa.filters.mel`.

    Those of `mel_scale="kaldi"` are straight over mel, not over Hz. `norm="slaney"` gives every triangle the height 2 /
    width in Hz, which is the same area over Hz, `None` the peak 1.
    """
    edges = mel_frequencies(n_mels, fmin, fmax, mel_scale)
    if mel_scale != "kaldi":
        return triangles(edges, sample_rate, n_fft, norm)
    weights = mel_triangles(sample_rate, n_fft, n_mels, fmin, fmax)
    return weights * (2.0 / (edges[2:] - edges[:-2]))[:, None] if norm == "slaney" else weights


def mel_triangles(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> np.ndarray:
    """`(n_mels, n_fft // 2 + 1)` float64 triangles of peak 1 that are straight over mel, not over Hz: Kaldi's."""
    edges = np.linspace(hz_to_mel(fmin, "kaldi"), hz_to_mel(fmax, "kaldi"), n_mels + 2)[:, None]
    bins = hz_to_mel(np.fft.rfftfreq(n_fft, 1 / sample_rate), "kaldi")
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling))


class MelFrontend(FilterbankFrontend):
    """What log-mel, PCEN and MFCC share: an STFT and the mel filter bank over its power.

    Args:
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.
        n_mels: number of mel bands.
        fmin: lowest edge in Hz.
        fmax: highest edge in Hz; None for half the sample rate.
        mel_scale: "slaney", "htk", or "kaldi", which is HTK's with triangles that are straight over mel, not over Hz.
        norm: "slaney" for triangles of equal area, or None for equal peaks.
    """

    bands_word = "n_mels", "mel bands"

    def __init__(
        self,
        *,
        n_mels: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
        mel_scale: str = "slaney",
        norm: str | None = "slaney",
        **stft: Any,
    ):
        super().__init__(**stft)
        check_int("n_mels", n_mels, 1)
        check_weights("n_mels", n_mels, self.n_fft // 2 + 1)
        check_choice("mel_scale", mel_scale, MEL_SCALES)
        check_choice("norm", norm, NORMS)
        self.n_mels = n_mels
        self.fmin, self.fmax = check_frequency_range(fmin, fmax, self.sample_rate)
        self.mel_scale = mel_scale
        self.norm = norm
        self.warn_of_empty_bands()

    def filterbank(self) -> Tensor:
        """`(n_mels, n_fft // 2 + 1)` float64."""
        return torch.from_numpy(
            mel_filterbank(self.sample_rate, self.n_fft, self.n_mels, self.fmin, self.fmax, self.mel_scale, self.norm)
        )

    @property
    def bank_options(self) -> tuple[object, ...]:
        return self.n_mels, self.fmin, self.fmax, self.mel_scale, self.norm

    @property
    def mel_centres(self) -> Tensor:
        """`(n_mels,)` Hz."""
        edges = mel_frequencies(self.n_mels, self.fmin, self.fmax, self.mel_scale)
        return torch.from_numpy(edges[1:-1]).float()


class LogMel(BandSpectrogram, MelFrontend):
    """Log-mel spectrogram `(B, 1, n_mels, N)`: `librosa.power_to_db(librosa.feature.melspectrogram(...))`.

    Args:
        n_mels, fmin, fmax, mel_scale, norm and those of the STFT: as in `MelFrontend`.
        power: as in `BandLevels`.
        scale, log_offset, top_db, ref, amin: as in `ScaledPower`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Davis & Mermelstein (1980); the scale from Slaney's Auditory Toolbox (1998) or the HTK Book.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import LogMel
    >>> LogMel(sample_rate=16000, n_mels=64)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 64, 32])
    """

    name = "logmel"

    @property
    def frequencies(self) -> Tensor:
        return self.mel_centres
