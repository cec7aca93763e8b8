"""Per-channel energy normalisation: a mel spectrogram under automatic gain control."""

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from esc_gpu.core.checks import check_bool, check_choice, check_number
from esc_gpu.frontends.base import Shared
from esc_gpu.frontends.blocks import first_of, is_free
from esc_gpu.frontends.mel import MelFrontend
from esc_gpu.frontends.scaling import audible_magnitude

# Frames that are smoothed in one matrix product.
BLOCK_FRAMES = 256
# The smoother's value before the first frame, librosa's.
INITIAL = 1.0


class PCEN(MelFrontend):
    """Mel spectrogram with per-channel energy normalisation, `(B, 1, n_mels, N)`, not negative.

    `(E / (eps + M) ** gain + bias) ** power - bias ** power`, where `E` is the mel spectrogram and `M` is `E`
    smoothed in time, `M[n] = (1 - s) M[n - 1] + s E[n]`. As `librosa.pcen(mel * input_scale)`.

    Args:
        gain: exponent of the smoothed energy, 1 for full gain control.
        bias: offset of the compression.
        power: exponent of the compression.
        time_constant: time constant of the smoothing, in seconds.
        eps: small offset that prevents a division by 0 in silence.
        mel_power: 1 for a mel spectrogram of magnitudes, as librosa recommends, or 2 for one of powers.
        input_scale: factor of the mel spectrogram. The other defaults are designed for 32-bit integers, as in the
            paper, hence 2 ** 31. At 1, nearly everything is far below `bias` and is not compressed.
        trainable: turn gain, bias and power of each band into trainable parameters; their logarithms are learned.
        n_mels, fmin, fmax, mel_scale, norm and those of the STFT: as in `MelFrontend`.

    The smoothing starts from 1, as in librosa, which for `input_scale=2 ** 31` is silence: the first frames of a
    clip are louder than those after them, for about the time constant.

    Raises:
        EscGpuError: for an option out of range.

    Source: Wang, Getreuer, Hughes, Lyon & Saurous (2017), "Trainable frontend for robust and far-field keyword
    spotting", eq. 1 and 2; the smoothing of a time constant from Lostanlen et al. (2019), "Per-channel energy
    normalization: why and how".

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import PCEN
    >>> PCEN(sample_rate=16000, n_mels=64)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 64, 32])
    """

    name = "pcen"
    windows_int16 = True
    whole_clip = None
    smoothed: Tensor | None = None  # of a stream, the smoother's value after the frames before
    smooth_weights: Tensor
    smooth_decay: Tensor
    log_gain: Tensor
    log_bias: Tensor
    log_power: Tensor

    def __init__(
        self,
        *,
        gain: float = 0.98,
        bias: float = 2.0,
        power: float = 0.5,
        time_constant: float = 0.4,
        eps: float = 1e-6,
        mel_power: float = 1.0,
        input_scale: float = 2.0**31,
        trainable: bool = False,
        **mel: Any,
    ):
        super().__init__(**mel)
        numbers = {"gain": gain, "bias": bias, "power": power, "time_constant": time_constant, "eps": eps}
        for option, value in {**numbers, "input_scale": input_scale}.items():
            check_number(option, value, above=0)
        check_choice("mel_power", mel_power, (1.0, 2.0))
        check_bool("trainable", trainable)
        self.gain = float(gain)
        self.bias = float(bias)
        self.exponent = float(power)
        self.time_constant = float(time_constant)
        self.eps = float(eps)
        self.mel_power = float(mel_power)
        self.input_scale = float(input_scale)
        self.trainable = trainable
        self.build()

    def build(self) -> None:
        super().build()
        weights, decay = smoothing(self.time_constant * self.sample_rate / self.hop_length, BLOCK_FRAMES)
        self.register_buffer("smooth_weights", weights.float(), persistent=False)
        self.register_buffer("smooth_decay", decay.float(), persistent=False)
        if self.trainable:
            for option, value in ("gain", self.gain), ("bias", self.bias), ("power", self.exponent):
                self.register_parameter(f"log_{option}", nn.Parameter(torch.full((self.n_mels,), math.log(value))))

    @property
    def options(self) -> dict[str, Any]:
        return super().options | {"power": self.exponent}  # `self.power` is the STFT's

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        energy = self.mel_energy(waveform, shared) * self.input_scale  # (B, N, n_mels)
        gain: Tensor | float
        bias: Tensor | float
        power: Tensor | float
        if self.trainable:
            gain, bias, power = self.log_gain.exp(), self.log_bias.exp(), self.log_power.exp()
        else:
            gain, bias, power = self.gain, self.bias, self.exponent
        controlled = energy * (self.eps + self.smooth(energy)) ** -gain
        # The difference of two powers, exact also where it is small.
        compressed = bias**power * torch.expm1(power * torch.log1p(controlled / bias))
        return compressed.transpose(-1, -2).unsqueeze(1)

    def mel_energy(self, waveform: Tensor, shared: Shared | None) -> Tensor:
        """`(B, T)` → mel spectrogram of magnitudes or powers `(B, N, n_mels)`."""
        if self.mel_power == 2:
            return self.band_power(waveform, shared)
        return self.reduce_shared_power(waveform, shared, lambda power: self.weigh(audible_magnitude(power)))

    def smooth(self, energy: Tensor) -> Tensor:
        """The recurrence `M[n] = (1 - s) M[n - 1] + s E[n]` over `(B, N, n_mels)`, block by block."""
        if is_free(energy.shape[1]):
            return self.smooth_any(energy)
        before = torch.full_like(energy[:, :1], INITIAL) if self.smoothed is None else self.smoothed
        blocks = []
        for block in energy.split(BLOCK_FRAMES, dim=1):
            n_frames = block.shape[1]
            smoothed = self.smooth_weights[:n_frames, :n_frames] @ block + self.smooth_decay[:n_frames] * before
            before = smoothed[:, -1:]
            blocks.append(smoothed)
        if self.is_cut:
            self.smoothed = before
        return torch.cat(blocks, dim=1)

    def smooth_any(self, energy: Tensor) -> Tensor:
        """`smooth` where N may be any: of all blocks at once, then of the values between them."""
        n_frames = energy.shape[1]
        n_blocks = n_frames // BLOCK_FRAMES + 2  # never 1, which would be a number for ever
        blocks = first_of(F.pad(energy, (0, 0, 0, 2 * BLOCK_FRAMES)), 1, n_blocks * BLOCK_FRAMES)
        blocks = self.smooth_weights @ blocks.unflatten(1, (n_blocks, BLOCK_FRAMES))  # (B, n_blocks, 256, n_mels)
        # Block k begins with the last value of each block before it, decayed by all blocks between them.
        number = torch.arange(n_blocks, device=energy.device)
        age = (number[:, None] - number - 1).to(energy.dtype)
        weights = torch.where(age >= 0, self.smooth_decay[-1] ** age.clamp_min(0), 0.0)
        first = INITIAL * self.smooth_decay[-1] ** number.to(energy.dtype)
        before = weights @ blocks[:, :, -1] + first[:, None]
        smoothed = blocks + self.smooth_decay * before[:, :, None]
        return first_of(smoothed.flatten(1, 2), 1, n_frames)

    @property
    def frequencies(self) -> Tensor:
        return self.mel_centres


def smoothing(time_constant_frames: float, n_frames: int) -> tuple[Tensor, Tensor]:
    """The recurrence over a block as a matrix, float64.

    `(n_frames, n_frames)` times the block's energies, plus `(n_frames, 1)` times the value before it. The share
    `s` of the new frame solves `t² s² = 1 - s` for a time constant of `t` frames: Lostanlen et al. (2019), as
    librosa solves it.
    """
    s = 2 / (1 + math.sqrt(1 + 4 * time_constant_frames**2))
    age = np.subtract.outer(np.arange(n_frames), np.arange(n_frames))
    weights = np.where(age >= 0, s * (1 - s) ** np.maximum(age, 0), 0.0)
    decay = (1 - s) ** np.arange(1, n_frames + 1)[:, None]
    return torch.from_numpy(weights), torch.from_numpy(decay)
