"""Mel-frequency cepstral coefficients."""

import scipy.fft
import torch
from torch import Tensor

from esc_gpu.frontends.checks import check_int
from esc_gpu.frontends.mel import MelFrontend
from esc_gpu.frontends.scaling import check_top_db, power_to_db


def dct_matrix(n_out: int, n_in: int) -> Tensor:
    """`(n_in, n_out)` orthonormal DCT-II, float64."""
    identity = torch.eye(n_in, dtype=torch.float64).numpy()
    return torch.from_numpy(scipy.fft.dct(identity, type=2, norm="ortho", axis=1)[:, :n_out].copy())


class MFCC(MelFrontend):
    """Mel-frequency cepstral coefficients `(B, 1, n_mfcc, N)`, as `librosa.feature.mfcc`.

    The orthonormal DCT-II of the log-mel spectrogram in dB. The bins are coefficients, not frequencies.

    Args:
        n_mfcc: number of coefficients, at most `n_mels`.
        top_db: range of decibels kept under each clip's maximum before the DCT, or None.
        n_mels, fmin, fmax, mel_scale, norm and those of the STFT: as in `MelFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Davis & Mermelstein (1980), "Comparison of parametric representations for monosyllabic
    word recognition", eq. 1.
    """

    name = "mfcc"
    bin_unit = "coefficient"

    def __init__(self, *, n_mfcc: int = 40, top_db: float | None = 80.0, **mel: object):
        super().__init__(**mel)
        check_int("n_mfcc", n_mfcc, 1, self.n_mels)
        self.n_mfcc = n_mfcc
        self.top_db = check_top_db(top_db)
        self.build()

    def build(self) -> None:
        super().build()
        self.build_dct()

    def build_dct(self) -> None:
        """Register the DCT matrix."""
        self.register_buffer("dct", dct_matrix(self.n_mfcc, self.n_mels).float(), persistent=False)

    def features(self, waveform: Tensor) -> Tensor:
        cepstrum = power_to_db(self.mel_power(waveform), self.top_db) @ self.dct
        return cepstrum.transpose(-1, -2).unsqueeze(1)

    @property
    def frequencies(self) -> Tensor:
        return torch.arange(self.n_mfcc).float()
