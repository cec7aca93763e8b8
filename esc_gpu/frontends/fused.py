"""Log-mel and MFCC by one Triton kernel from the waveform to the bands, where the device and the options fit.

Where they do not (no GPU with TF32, an `n_fft` that the kernel lacks, a waveform that wants a gradient, float64, an
exported graph) the native path gives the same numbers.
"""

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor

from esc_gpu.core.waveform import check_waveform
from esc_gpu.frontends.base import Shared, reuse
from esc_gpu.frontends.blocks import exporting
from esc_gpu.frontends.cepstral import MFCC
from esc_gpu.frontends.kernels import stft_bank
from esc_gpu.frontends.mel import LogMel, MelFrontend
from esc_gpu.frontends.spectrogram import make_window


class FusedMel(MelFrontend):
    """Mel bands by `kernels.stft_bank`."""

    backend = "triton"

    def build(self) -> None:
        super().build()
        self.unfit = stft_bank.supports(self.n_fft, self.hop_length, self.n_mels, self.pad_mode)
        self.on_tensor_cores = False
        if self.unfit is None:
            window = make_window(self.window, self.win_length, self.n_fft)
            for name, constant in stft_bank.make_constants(self.n_fft, self.filterbank(), window).items():
                self.register_buffer(f"fused_{name}", constant, persistent=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        moved = super()._apply(fn, recurse)
        device = self.precision.device
        is_nvidia = device.type == "cuda" and torch.version.hip is None
        self.on_tensor_cores = is_nvidia and torch.cuda.get_device_capability(device) >= (8, 0)
        return moved

    def fuses(self, waveform: Tensor) -> bool:
        """Whether the kernel takes this waveform."""
        wants_gradient = waveform.requires_grad and torch.is_grad_enabled()
        exact = self.precision.dtype == torch.float32 and waveform.dtype in (torch.int16, torch.float32)
        return self.unfit is None and self.on_tensor_cores and exact and not wants_gradient and not exporting()

    def convert(self, waveform: Tensor) -> Tensor:
        check_waveform(waveform)
        # The kernel reads int16 itself; resampling and padding are done in float.
        if waveform.dtype == torch.int16 and self.resample is None and self.fuses(waveform):
            return waveform
        return super().convert(waveform)

    def band_power(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        if not self.fuses(waveform):
            return super().band_power(waveform, shared)
        return reuse(shared, self.band_key, lambda: self.launch(waveform, decibels=False))

    def band_db(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        if not self.fuses(waveform):
            return super().band_db(waveform, shared)
        return reuse(shared, ("db", *self.band_key), lambda: self.launch(waveform, decibels=True))

    def launch(self, waveform: Tensor, decibels: bool) -> Tensor:
        """Bands `(B, N, n_mels)` from the kernel."""
        constants = {name: self.get_buffer(f"fused_{name}") for name in stft_bank.CONSTANTS}
        return stft_bank.band_power(waveform, constants, self.hop_length, pad_mode=self.pad_mode, decibels=decibels)


class FusedLogMel(FusedMel, LogMel):
    """`LogMel` by one kernel."""


class FusedMFCC(FusedMel, MFCC):
    """`MFCC` by one kernel up to the log-mel."""
