"""Resampling on the device, as a layer."""

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from esc_gpu.core.checks import check_int
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.blocks import first_of, is_free
from esc_gpu.frontends.framing import Count
from esc_gpu.frontends.sliding import convolve, group_kernels, samples_read, slide

# Zero crossings of the sinc on each side; the Kaiser window's beta for 100 dB; the cut-off as a share of the lower
# Nyquist frequency, so that the stop band begins at 1.011 of it. Within 0.02 dB up to 0.88 of it. Another cut-off would
# give the models of before other numbers.
ZEROS = 48
BETA = 10.06
ROLLOFF = 0.945
# Numbers of the largest kernel that is made: 32 MB.
MAX_KERNEL = 2**23


class Resample(nn.Module):
    """`(B, T)` at one sample rate → `(B, ceil(T * output_rate / input_rate))` at another.

    Interpolation by a Kaiser-windowed sinc: one strided convolution gives the `output_rate / gcd` samples that
    fall between `input_rate / gcd` of the input.

    Raises:
        EscGpuError: for rates that are no positive integers, or whose kernel would be larger than 32 MB.

    Source: Smith, "Digital Audio Resampling" (CCRMA, 2002); Oppenheim & Schafer, eq. 7.75 and 7.76,
    for beta and the transition.

    >>> from esc_gpu.frontends.resampling import Resample
    >>> Resample(44100, 16000)(torch.zeros(2, 44100)).shape
    torch.Size([2, 16000])
    """

    # Why a strided convolution resamples. Between its samples a band-limited signal is x(t) = sum of x[n] sinc(t - n),
    # t in input samples. What the lower of the two rates cannot hold is left out by a wider sinc, with the cut-off c as
    # a share of the input's Nyquist frequency, under a window that ends with its zero crossing number ZEROS:
    #
    #     h(u) = c sinc(c u) kaiser(c u / ZEROS),    0 from |u| = ZEROS / c on, at most `reach` samples away.
    #
    # Let M / L be input_rate / output_rate in lowest terms: M is `step`, L is `phases`. Output sample m lies at
    # t = m M / L. With m = q L + p and 0 <= p < L this is q M + p M / L, and as h is even,
    #
    #     y[q L + p] = sum over k of x[q M + k] h(k - p M / L).
    #
    # The weights of phase p are the same for every q: row p of the kernel, k from -reach to reach + M - 1, since
    # p M / L < M. Over q that is a convolution with stride M. Its L channels, interleaved, are y.
    #
    # For A = 100 dB of attenuation beta = 0.1102 (A - 8.7) = 10.06, and from pass band to stop band 2 ZEROS / c samples
    # of window take (A - 8) / (2.285 * 2 ZEROS / c) = 0.42 c rad a sample: 0.133 c of Nyquist, half of it on each side
    # of c. With c = 0.945 of the lower Nyquist frequency the filter goes from 0.88 to 1.01 of it.

    kernels: Tensor

    def __init__(self, input_rate: int, output_rate: int):
        super().__init__()
        check_int("input_rate", input_rate, 1)
        check_int("output_rate", output_rate, 1)
        gcd = math.gcd(input_rate, output_rate)
        self.step, self.phases = input_rate // gcd, output_rate // gcd
        cutoff = ROLLOFF * min(1.0, self.phases / self.step)  # of the input's Nyquist frequency
        self.reach = math.ceil(ZEROS / cutoff)
        taps = 2 * self.reach + self.step
        if self.phases * taps > MAX_KERNEL:
            raise EscGpuError(
                f"resampling from {input_rate} to {output_rate} Hz takes {self.phases} kernels of {taps} samples, "
                f"since these rates have only {gcd} Hz in common: take rates with a larger common divisor"
            )
        offsets = np.arange(-self.reach, self.reach + self.step)
        # Phase p lies at p * step / phases input samples.
        distance = offsets - np.arange(self.phases)[:, None] * (self.step / self.phases)
        inside = np.clip(1 - (distance * cutoff / ZEROS) ** 2, 0, None)
        window = np.where(np.abs(distance) * cutoff <= ZEROS, np.i0(BETA * np.sqrt(inside)) / np.i0(BETA), 0.0)
        kernel = cutoff * np.sinc(cutoff * distance) * window
        kernel /= kernel.sum(axis=1, keepdims=True)  # a constant stays what it is
        grouped = group_kernels(torch.from_numpy(kernel).float(), self.step)
        self.register_buffer("kernels", grouped, persistent=False)

    if TYPE_CHECKING:

        def __call__(self, waveform: Tensor) -> Tensor: ...

    def forward(self, waveform: Tensor) -> Tensor:
        n_samples = self.output_length(waveform.shape[-1])
        n_steps = (n_samples + self.phases - 1) // self.phases  # of no negative number: ONNX rounds towards 0
        if is_free(n_samples):
            return self.convolved(waveform, n_samples, n_steps)
        right = samples_read(self.kernels, self.step, n_steps) - self.reach - waveform.shape[-1]
        padded = pad(waveform, (self.reach, right))
        return slide(padded, self.kernels, self.step, n_steps).flatten(-2)[:, :n_samples]

    def convolved(self, waveform: Tensor, n_samples: int, n_steps: int) -> Tensor:
        """`forward` in a graph for clips of any length."""
        padded = pad(waveform, (self.reach, self.reach + self.step))  # enough for the last step of any clip
        kernels = self.kernels.flatten(0, 1)[: 2 * self.reach + self.step, : self.phases].T
        return first_of(convolve(padded, kernels, self.step, n_steps).flatten(-2), -1, n_samples)

    def output_length(self, n_samples: Count) -> Count:
        """Samples that come of `n_samples`."""
        return (n_samples * self.phases + self.step - 1) // self.step

    def least_input(self, n_samples: int) -> int:
        """Fewest samples of which at least `n_samples` come."""
        return (n_samples - 1) * self.step // self.phases + 1

    def extra_repr(self) -> str:
        return f"{self.step}:{self.phases}"
