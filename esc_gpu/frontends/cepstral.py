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
        The others: as in `LogMel`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Davis & Mermelstein (1980), "Comparison of parametric representations for monosyllabic
    word recognition", eq. 1.
    """

    name = "mfcc"
    bin_unit = "coefficient"

    def __init__(
        self,
        *,
        sample_rate: int = 44100,
        n_fft: int = 2048,
        win_length: int | None = None,
        hop_length: int = 512,
        window: str = "hann",
        pad_mode: str = "reflect",
        n_mels: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
        mel_scale: str = "slaney",
        norm: str | None = "slaney",
        top_db: float | None = 80.0,
        n_mfcc: int = 40,
    ):
        super().__init__(
            sample_rate, n_fft, win_length, hop_length, window, pad_mode, n_mels, fmin, fmax, mel_scale, norm
        )
        check_int("n_mfcc", n_mfcc, 1, n_mels)
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
