"""Constant-Q and variable-Q spectrograms."""

from typing import Any

import torch
from torch import Tensor

from esc_gpu.core.checks import check_number
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.constant_q import ConstantQ
from esc_gpu.frontends.constant_q_bands import ear_offset
from esc_gpu.frontends.levels import ScaledPower


class CQT(ScaledPower, ConstantQ):
    """Constant-Q transform `(B, 1, n_bins, N)`.

    Args:
        hop_length, fmin, n_bins, bins_per_octave, filter_scale, kernels, window, pad_mode and the others: as in
            `ConstantQ`.
        scale, power, log_offset, top_db, ref, amin: as in `ScaledPower`.

    The magnitudes agree with the direct sum over the kernels within 0.02 dB, down to 80 dB below a clip's maximum, if
    the maximum is a tone or an onset in one of the bins.

    Raises:
        EscGpuError: for an option out of range, such as a bin whose band reaches above the Nyquist frequency.

    Source: Brown & Puckette (1992), "An efficient algorithm for the calculation of a constant Q transform".

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import CQT
    >>> CQT(sample_rate=16000, n_bins=72)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 72, 32])
    """

    name = "cqt"

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.build()

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        return self.rescale(self.raised(self.shared_power(waveform, shared))).unsqueeze(1)

    @property
    def frequencies(self) -> Tensor:
        return torch.from_numpy(self.centres()).float()


class VQT(CQT):
    """Variable-Q transform `(B, 1, n_bins, N)`: a CQT whose bandwidths are `gamma` Hz wider.

    Low bins resolve time better than in the CQT, at the cost of frequency.

    Args:
        gamma: Hz added to each bin's bandwidth; None follows the ear, `24.7 / 0.108` Hz times the relative bandwidth.
        scale, power, log_offset, top_db, ref, amin and those of the transform: as in `CQT`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Schörkhuber, Klapuri, Holighaus & Dörfler (2014), "A Matlab toolbox for efficient perfect
    reconstruction time-frequency transforms with log-frequency resolution", eq. 4 and 5.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import VQT
    >>> VQT(sample_rate=16000, n_bins=72, gamma=20.0)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 72, 32])
    """

    name = "vqt"

    def __init__(self, *, gamma: float | None = None, **cqt: Any):
        if gamma is not None:
            check_number("gamma", gamma)
            if gamma < 0:
                raise EscGpuError(f"gamma must not be negative, got {gamma!r}: 0 Hz gives the CQT")
        self.gamma = gamma
        super().__init__(**cqt)

    @property
    def bandwidth_offset(self) -> float:
        return ear_offset(self.bins_per_octave, self.kernels) if self.gamma is None else float(self.gamma)
