"""Cepstral coefficients: the DCT of the log power of mel, linear or gammatone bands."""

from typing import Any

import numpy as np
import scipy.fft
import torch
from torch import Tensor

from esc_gpu.core.checks import check_choice, check_frequency_range, check_int, check_not_negative, check_weights
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.filterbank import BandLevels, triangles
from esc_gpu.frontends.gammatone import GammatoneFrontend
from esc_gpu.frontends.mel import MelFrontend
from esc_gpu.frontends.scaling import LOGS, scale_unit

DCT_NORMS = ("ortho", None)


def dct_matrix(n_out: int, n_in: int, dct_type: int = 2, dct_norm: str | None = "ortho", lifter: float = 0.0) -> Tensor:
    """`(n_in, n_out)` float64: the first coefficients of `scipy.fft.dct`, liftered as by `librosa.feature.mfcc`."""
    matrix = scipy.fft.dct(np.eye(n_in), type=dct_type, norm=dct_norm, axis=1)[:, :n_out]
    if lifter > 0:
        matrix = matrix * (1 + lifter / 2 * np.sin(np.pi * np.arange(1, n_out + 1) / lifter))
    return torch.from_numpy(np.ascontiguousarray(matrix))


class Cepstral(BandLevels):
    """The DCT of the logarithm of a filter bank's power. The bins are coefficients, not frequencies.

    Args:
        log: the logarithm: "db" (`10 log10`, which alone has `top_db` and `ref`), "ln", "log10" or "log1p"
            (`ln(1 + power)`).
        dct_type: type of the DCT: 1, 2 or 3.
        dct_norm: "ortho" for an orthonormal DCT, or None for scipy's sums, which are larger.
        lifter: weight of the higher coefficients: coefficient k, from 0 on, times
            `1 + lifter / 2 * sin(pi * (k + 1) / lifter)`; 0 for none.
        power, log_offset, top_db, ref, amin: as in `BandLevels` and, of the scale `log`, in `ScaledPower`; the range is
            limited before the DCT.
    """

    bin_unit = "coefficient"
    is_signed = True
    windows_int16 = True
    dct: Tensor

    def __init__(
        self,
        *,
        log: str = "db",
        dct_type: int = 2,
        dct_norm: str | None = "ortho",
        lifter: float = 0.0,
        **bands: Any,
    ):
        check_choice("log", log, LOGS)
        self.log = self.scale = log
        super().__init__(**bands)
        check_int("dct_type", dct_type, 1, 3)
        check_choice("dct_norm", dct_norm, DCT_NORMS)
        check_not_negative("lifter", lifter)
        self.dct_type = dct_type
        self.dct_norm = dct_norm
        self.lifter = float(lifter)

    @property
    def n_coefficients(self) -> int:
        """Coefficients that are kept, the lowest ones."""
        raise NotImplementedError

    @property
    def n_bands(self) -> int:
        """Bands that the DCT takes."""
        raise NotImplementedError

    def build(self) -> None:
        super().build()
        self.build_dct()

    def build_dct(self) -> None:
        """Register the DCT matrix."""
        self.register_buffer("dct", self.dct_matrix().float(), persistent=False)

    def dct_matrix(self) -> Tensor:
        """`(n_bands, n_coefficients)` float64.

        Raises:
            EscGpuError: for a DCT-I of a single band, which there is not.
        """
        if self.dct_type == 1 and self.n_bands == 1:
            raise EscGpuError("dct_type=1 needs at least 2 bands: take dct_type=2")
        return dct_matrix(self.n_coefficients, self.n_bands, self.dct_type, self.dct_norm, self.lifter)

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        cepstrum = self.band_levels(waveform, shared) @ self.dct
        return cepstrum.transpose(-1, -2).unsqueeze(1)

    @property
    def value_unit(self) -> str:
        return scale_unit(self.log)

    @property
    def frequencies(self) -> Tensor:
        return torch.arange(self.n_coefficients).float()


class MFCC(Cepstral, MelFrontend):
    """Mel-frequency cepstral coefficients `(B, 1, n_mfcc, N)`, as `librosa.feature.mfcc`.

    Args:
        n_mfcc: number of coefficients, at most `n_mels`.
        log, dct_type, dct_norm, lifter, power, log_offset, top_db, ref, amin: as in `Cepstral`.
        n_mels, fmin, fmax, mel_scale, norm and those of the STFT: as in `MelFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Davis & Mermelstein (1980), "Comparison of parametric representations for monosyllabic
    word recognition", eq. 1.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import MFCC
    >>> MFCC(sample_rate=16000, n_mfcc=20)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 20, 32])
    """

    name = "mfcc"

    def __init__(self, *, n_mfcc: int = 40, **mel: Any):
        super().__init__(**mel)
        check_int("n_mfcc", n_mfcc, 1, self.n_mels)
        check_weights("n_mfcc", n_mfcc, self.n_mels)
        self.n_mfcc = n_mfcc
        self.build()

    @property
    def n_coefficients(self) -> int:
        return self.n_mfcc

    @property
    def n_bands(self) -> int:
        return self.n_mels


class LFCC(Cepstral):
    """Linear-frequency cepstral coefficients `(B, 1, n_lfcc, N)`, as `torchaudio.transforms.LFCC`.

    Args:
        n_lfcc: number of coefficients, at most `n_filters`.
        n_filters: triangles of peak 1, evenly spaced in Hz from `fmin` to `fmax`.
        fmin: lowest edge in Hz.
        fmax: highest edge in Hz; None for half the sample rate.
        log, dct_type, dct_norm, lifter, power, log_offset, top_db, ref, amin: as in `Cepstral`.
        sample_rate, hop_length, n_fft, win_length, window, pad_mode and the others: as in `STFTFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Davis & Mermelstein (1980), section II.B.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import LFCC
    >>> LFCC(sample_rate=16000, n_lfcc=20)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 20, 32])
    """

    name = "lfcc"
    bands_word = "n_filters", "linear bands"

    def __init__(
        self,
        *,
        n_lfcc: int = 40,
        n_filters: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
        **stft: Any,
    ):
        super().__init__(**stft)
        check_int("n_filters", n_filters, 1)
        check_weights("n_filters", n_filters, self.n_fft // 2 + 1)
        check_int("n_lfcc", n_lfcc, 1, n_filters)
        check_weights("n_lfcc", n_lfcc, n_filters)
        self.n_lfcc = n_lfcc
        self.n_filters = n_filters
        self.fmin, self.fmax = check_frequency_range(fmin, fmax, self.sample_rate)
        self.warn_of_empty_bands()
        self.build()

    def filterbank(self) -> Tensor:
        edges = np.linspace(self.fmin, self.fmax, self.n_filters + 2)
        return torch.from_numpy(triangles(edges, self.sample_rate, self.n_fft, None))

    @property
    def bank_options(self) -> tuple[object, ...]:
        return self.n_filters, self.fmin, self.fmax

    @property
    def n_coefficients(self) -> int:
        return self.n_lfcc

    @property
    def n_bands(self) -> int:
        return self.n_filters


class GFCC(Cepstral, GammatoneFrontend):
    """Gammatone-frequency cepstral coefficients `(B, 1, n_gfcc, N)`.

    Args:
        n_gfcc: number of coefficients, at most `n_bins`.
        log, dct_type, dct_norm, lifter, power, log_offset, top_db, ref, amin: as in `Cepstral`.
        n_bins, fmin, fmax and those of the STFT: as in `GammatoneFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Shao, Jin, Wang & Srinivasan (2009), "An auditory-based feature for robust speech recognition",
    with the logarithm instead of their cubic root.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import GFCC
    >>> GFCC(sample_rate=16000, n_gfcc=20)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 20, 32])
    """

    name = "gfcc"

    def __init__(self, *, n_gfcc: int = 40, **gammatone: Any):
        super().__init__(**gammatone)
        check_int("n_gfcc", n_gfcc, 1, self.n_bins)
        check_weights("n_gfcc", n_gfcc, self.n_bins)
        self.n_gfcc = n_gfcc
        self.build()

    @property
    def n_coefficients(self) -> int:
        return self.n_gfcc

    @property
    def n_bands(self) -> int:
        return self.n_bins
