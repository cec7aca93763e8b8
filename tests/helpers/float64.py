"""Front-ends in float64 with constants of float64, for a look at their definition alone."""

import numpy as np
import torch

from esc_gpu.frontends.filterbank import FilterbankFrontend
from esc_gpu.frontends.pcen import smoothing
from esc_gpu.frontends.spectrogram import STFTFrontend, make_window


def in_float64(frontend):
    """With constants that were never rounded to float32: what is left is the definition."""
    frontend = frontend.double()
    if isinstance(frontend, STFTFrontend):
        frontend.stft_window = make_window(frontend.window, frontend.win_length, frontend.n_fft)
        frontend.bin_hz = torch.from_numpy(np.fft.rfftfreq(frontend.n_fft, 1 / frontend.sample_rate))
    if isinstance(frontend, FilterbankFrontend):
        frontend.bank = frontend.filterbank().T.contiguous()
    if frontend.name == "pcen":
        t = frontend.time_constant * frontend.sample_rate / frontend.hop_length
        frontend.smooth_weights, frontend.smooth_decay = smoothing(t, len(frontend.smooth_decay))
    return frontend
