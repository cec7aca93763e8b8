"""torchaudio's transforms as front-ends."""

import math
from typing import Any

import torchaudio.transforms
from torch import Tensor

from esc_gpu.core.checks import check_int
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.cepstral import LFCC, MFCC
from esc_gpu.frontends.constants import make_buffers_transient
from esc_gpu.frontends.framing import torch_mode
from esc_gpu.frontends.mel import LogMel
from esc_gpu.frontends.spectrogram import Spectrogram, STFTFrontend, make_window


def stft_arguments(frontend: STFTFrontend) -> dict[str, Any]:
    """The options of the STFT in torchaudio's words."""
    return {
        "n_fft": frontend.n_fft,
        "hop_length": frontend.hop_length,
        "win_length": frontend.win_length,
        "window_fn": lambda length: make_window(frontend.window, length, length).float(),
        "center": frontend.center,
        "pad_mode": torch_mode(frontend.pad_mode),
        "power": 2.0,
    }


def mel_arguments(frontend: LogMel | MFCC) -> dict[str, Any]:
    """The options of the mel spectrogram in torchaudio's words."""
    return stft_arguments(frontend) | {
        "power": frontend.band_exponent,
        "n_mels": frontend.n_mels,
        "f_min": frontend.fmin,
        "f_max": frontend.fmax,
        "norm": frontend.norm,
        "mel_scale": "slaney" if frontend.mel_scale == "slaney" else "htk",  # the bank is then replaced
    }


def set_levels(to_db: torchaudio.transforms.AmplitudeToDB, frontend: MFCC | LFCC) -> None:
    """Give torchaudio's decibels the front-end's range, zero and floor.

    Raises:
        EscGpuError: for a zero or a logarithm that torchaudio has not.
    """
    if (frontend.log, frontend.log_offset) != ("db", 0.0):
        raise EscGpuError(
            f"backend 'torchaudio' of {frontend.name} has decibels without an offset alone, got log={frontend.log!r} "
            f"and log_offset={frontend.log_offset:g}: take backend='native'"
        )
    if isinstance(frontend.ref, str):
        raise EscGpuError(
            f"backend 'torchaudio' of {frontend.name} has no ref={frontend.ref!r}: take a number, or backend='native'"
        )
    to_db.top_db, to_db.amin = frontend.top_db, frontend.amin
    to_db.db_multiplier = math.log10(max(frontend.amin, frontend.ref))


class TorchaudioSpectrogram(Spectrogram):
    """`Spectrogram` by `torchaudio.transforms.Spectrogram`.

    Any device · gradient · torch.export.
    """

    backend = "torchaudio"

    def build(self) -> None:
        self.layer = torchaudio.transforms.Spectrogram(**stft_arguments(self))
        make_buffers_transient(self.layer)

    def power(self, waveform: Tensor) -> Tensor:
        return self.layer(waveform).transpose(-1, -2)


class TorchaudioLogMel(LogMel):
    """`LogMel` by `torchaudio.transforms.MelSpectrogram`.

    Any device · gradient · torch.export.
    """

    backend = "torchaudio"

    def build(self) -> None:
        self.layer = torchaudio.transforms.MelSpectrogram(self.sample_rate, **mel_arguments(self))
        self.layer.mel_scale.fb = self.filterbank().T.float()  # torchaudio's is off for an odd n_fft or sample rate
        make_buffers_transient(self.layer)

    def band_power(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        return self.layer(waveform).transpose(-1, -2)


class TorchaudioMFCC(MFCC):
    """`MFCC` by `torchaudio.transforms.MFCC`, with `top_db` of each clip.

    Any device · gradient · torch.export.
    """

    backend = "torchaudio"

    def build(self) -> None:
        self.layer = torchaudio.transforms.MFCC(self.sample_rate, self.n_mfcc, melkwargs=mel_arguments(self))
        self.layer.dct_mat = self.dct_matrix().float()
        self.layer.MelSpectrogram.mel_scale.fb = self.filterbank().T.float()
        set_levels(self.layer.amplitude_to_DB, self)
        make_buffers_transient(self.layer)

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        # The channel dimension matters: of (B, T) torchaudio takes top_db over the whole batch.
        return self.layer(waveform.unsqueeze(1))


class TorchaudioLFCC(LFCC):
    """`LFCC` by `torchaudio.transforms.LFCC`, with `top_db` of each clip.

    Any device · gradient · torch.export.
    """

    backend = "torchaudio"

    def build(self) -> None:
        check_int("n_lfcc", self.n_lfcc, 1, self.n_fft)  # torchaudio's own limit
        self.layer = torchaudio.transforms.LFCC(
            self.sample_rate,
            self.n_filters,
            self.fmin,
            self.fmax,
            self.n_lfcc,
            speckwargs=stft_arguments(self) | {"power": self.band_exponent},
        )
        self.layer.dct_mat = self.dct_matrix().float()
        self.layer.filter_mat = self.filterbank().T.float()
        set_levels(self.layer.amplitude_to_DB, self)
        make_buffers_transient(self.layer)

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        return self.layer(waveform.unsqueeze(1))
