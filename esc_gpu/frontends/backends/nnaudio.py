"""nnAudio's convolution layers as front-ends: the way to trainable kernels.

nnAudio supplies the kernels and the convolution; power, decibels and DCT are the native ones, because
nnAudio's square root has a NaN gradient on silence. The options are checked by the native classes
before nnAudio sees them: it lets a wrong one pass.
"""

import reprlib
from typing import Any

from nnAudio import features
from torch import Tensor, nn

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.cepstral import MFCC
from esc_gpu.frontends.constants import make_buffers_transient
from esc_gpu.frontends.cqt import CQT
from esc_gpu.frontends.filterbank import BandLevels
from esc_gpu.frontends.full_precision import full_precision
from esc_gpu.frontends.mel import LogMel, MelFrontend
from esc_gpu.frontends.spectrogram import Spectrogram, STFTFrontend
from esc_gpu.frontends.windows import is_numbers


def scipy_window(frontend: STFTFrontend | CQT) -> Any:
    """The window as scipy takes it.

    Raises:
        EscGpuError: for one that scipy has not under this name.
    """
    window = frontend.window if isinstance(frontend.window, str) else tuple(frontend.window)
    name = str(window if isinstance(window, str) else window[0])
    if is_numbers(window) or name.startswith("povey") or name.endswith(("_symmetric", "_periodic")):
        raise EscGpuError(
            f"backend 'nnaudio' of {frontend.name} has scipy's periodic windows alone, got window="
            f"{reprlib.repr(frontend.window)}: take backend='native'"
        )
    return window


def own_pad_mode(frontend: STFTFrontend | CQT) -> str:
    """What stands before and behind a clip.

    Raises:
        EscGpuError: for what nnAudio cannot put there.
    """
    if frontend.pad_mode not in ("reflect", "constant"):
        raise EscGpuError(
            f"backend 'nnaudio' of {frontend.name} has pad_mode='reflect' and 'constant' alone, got "
            f"{frontend.pad_mode!r}: take backend='native'"
        )
    return frontend.pad_mode


def stft_arguments(frontend: STFTFrontend) -> dict[str, Any]:
    """The options of the STFT in nnAudio's words."""
    return {
        "sr": frontend.sample_rate,
        "n_fft": frontend.n_fft,
        "win_length": frontend.win_length,
        "hop_length": frontend.hop_length,
        "window": scipy_window(frontend),
        "center": frontend.center,
        "pad_mode": own_pad_mode(frontend),
        "verbose": False,
    }


def convolved_power(layer: nn.Module, waveform: Tensor) -> Tensor:
    """Power `(B, F, N)` of a layer's complex output, its convolution in full float32 on a GPU as well."""
    if waveform.is_cuda:
        with full_precision:  # also in a compiled graph, which ends here for it
            stacked = layer(waveform, output_format="Complex")
    else:
        stacked = layer(waveform, output_format="Complex")
    return stacked.square().sum(dim=-1)  # (B, F, N, 2) → (B, F, N)


class NnAudioSpectrogram(Spectrogram):
    """`Spectrogram` by `nnAudio.features.STFT`.

    Args:
        trainable_stft: turn the Fourier kernels into trainable parameters.

    Any device · gradient · torch.export.
    """

    backend = "nnaudio"

    def __init__(self, *, trainable_stft: bool = False, **options: Any):
        self.trainable_stft = trainable_stft
        super().__init__(**options)

    def build(self) -> None:
        self.layer = features.STFT(**stft_arguments(self), freq_scale="no", trainable=self.trainable_stft)
        make_buffers_transient(self.layer)

    def power(self, waveform: Tensor) -> Tensor:
        return convolved_power(self.layer, waveform).transpose(-1, -2)


class NnAudioMel(BandLevels, MelFrontend):
    """Mel power by `nnAudio.features.MelSpectrogram`.

    Args:
        trainable_stft: turn the Fourier kernels into trainable parameters.
        trainable_mel: turn the mel basis into a trainable parameter.
    """

    backend = "nnaudio"

    def __init__(self, *, trainable_stft: bool = False, trainable_mel: bool = False, **options: Any):
        self.trainable_stft = trainable_stft
        self.trainable_mel = trainable_mel
        super().__init__(**options)

    def build(self) -> None:
        self.layer = features.MelSpectrogram(
            **stft_arguments(self),
            n_mels=self.n_mels,
            fmin=self.fmin,
            fmax=self.fmax,
            htk=self.mel_scale != "slaney",
            norm=1 if self.norm == "slaney" else None,
            trainable_mel=self.trainable_mel,
            trainable_STFT=self.trainable_stft,
        )
        # nnAudio's is off for an odd n_fft, and it has none of Kaldi's.
        self.layer.mel_basis.data.copy_(self.filterbank())
        make_buffers_transient(self.layer)

    def band_power(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        return self.raised(convolved_power(self.layer.stft, waveform)).transpose(-1, -2) @ self.layer.mel_basis.T


class NnAudioLogMel(NnAudioMel, LogMel):
    """`LogMel` on nnAudio's layers.

    Any device · gradient · torch.export.
    """


class NnAudioMFCC(NnAudioMel, MFCC):
    """`MFCC` on nnAudio's layers.

    Any device · gradient · torch.export.
    """

    def build(self) -> None:
        super().build()
        self.build_dct()


class NnAudioCQT(CQT):
    """`CQT` by `nnAudio.features.CQT1992v2`.

    Args:
        trainable: turn the kernels into trainable parameters.

    Any device · gradient · torch.export.
    """

    backend = "nnaudio"

    def __init__(self, *, trainable: bool = False, **options: Any):
        self.trainable = trainable
        super().__init__(**options)

    def build(self) -> None:
        if self.kernels != "brown":
            raise EscGpuError(
                f"backend 'nnaudio' of {self.name} has kernels='brown' alone, got {self.kernels!r}: take "
                "backend='native'"
            )
        self.layer = features.CQT1992v2(
            sr=self.sample_rate,
            hop_length=self.hop_length,
            fmin=self.tuned_fmin,
            n_bins=self.n_bins,
            bins_per_octave=self.bins_per_octave,
            filter_scale=self.filter_scale,
            window=scipy_window(self),
            pad_mode=own_pad_mode(self),
            trainable=self.trainable,
            verbose=False,
        )
        make_buffers_transient(self.layer)
        self.pad = self.layer.kernel_width // 2
        self.least = self.pad + 1 if self.pad_mode == "reflect" else 1

    def power(self, waveform: Tensor) -> Tensor:
        return convolved_power(self.layer, waveform)
