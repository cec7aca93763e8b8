"""The discrete Fourier transform of real frames as matrix products: real arithmetic only, for exported graphs."""

import math

import numpy as np
import torch
from torch import Tensor, nn


class FactoredDFT(nn.Module):
    """`(..., n_fft)` → `|DFT|²` `(..., n_fft // 2 + 1)`, exact as an FFT, in real matrix products.

    With `n_fft = P * Q`, sample `m = Q * a + b` and frequency `k = c + P * d`, the DFT is one of length P over
    `a`, a twiddle factor, and one of length Q over `b` (Cooley & Tukey 1965, eq. 8). The frames are real, so
    the classes `c <= P / 2` hold every frequency or its mirror image.
    """

    first_cos: Tensor
    first_sin: Tensor
    twiddle_cos: Tensor
    twiddle_sin: Tensor
    second_cos: Tensor
    second_sin: Tensor
    order: Tensor

    def __init__(self, n_fft: int):
        super().__init__()
        self.p = max(p for p in range(1, math.isqrt(n_fft) + 1) if n_fft % p == 0)
        self.q = n_fft // self.p
        classes = self.p // 2 + 1
        first = np.outer(np.arange(self.p), np.arange(classes)) / self.p
        twiddle = np.outer(np.arange(self.q), np.arange(classes)) / n_fft
        second = np.outer(np.arange(self.q), np.arange(self.q)) / self.q
        for name, turns in ("first", first), ("twiddle", twiddle), ("second", second):
            angle = -2 * np.pi * (turns % 1)
            self.register_buffer(f"{name}_cos", torch.from_numpy(np.cos(angle).astype(np.float32)), persistent=False)
            self.register_buffer(f"{name}_sin", torch.from_numpy(np.sin(angle).astype(np.float32)), persistent=False)
        frequency = np.arange(n_fft // 2 + 1)
        mirrored = np.where(frequency % self.p < classes, frequency, n_fft - frequency)
        order = mirrored % self.p * self.q + mirrored // self.p
        self.register_buffer("order", torch.from_numpy(order), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        columns = frames.unflatten(-1, (self.p, self.q)).transpose(-1, -2)  # (..., b, a)
        real, imag = columns @ self.first_cos, columns @ self.first_sin  # (..., b, c)
        real, imag = (
            real * self.twiddle_cos - imag * self.twiddle_sin,
            real * self.twiddle_sin + imag * self.twiddle_cos,
        )
        real, imag = real.transpose(-1, -2), imag.transpose(-1, -2)
        power = (real @ self.second_cos - imag @ self.second_sin).square()  # (..., c, d)
        power = power + (real @ self.second_sin + imag @ self.second_cos).square()
        return power.flatten(-2).index_select(-1, self.order)
