"""Descriptors of each frame's samples: zero-crossing rate and root mean square."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.core.checks import check_bool, check_choice, check_int
from esc_gpu.frontends.base import Frontend, Shared
from esc_gpu.frontends.blocks import block_sizes, budget, join
from esc_gpu.frontends.framing import PAD_MODES, Count, Framing, least_samples, torch_mode
from esc_gpu.frontends.scaling import power_to_magnitude

# Samples between minus and plus this are zeros, as in librosa.zero_crossings.
ZERO = 1e-10


class FrameDescriptor(Frontend):
    """What both share: frames of samples and one number for each.

    Args:
        frame_length: samples of a frame.
        hop_length: samples between frames.
        center: True for frame n centred on sample n * hop_length. False for the frames that lie within the clip, the
            first one from its first sample on.
        sample_rate, input_sample_rate, pad_short: as in `Frontend`.
    """

    bin_unit = "feature"
    pad_mode = "replicate"
    whole_clip = None

    def __init__(self, *, frame_length: int = 2048, hop_length: int = 512, center: bool = True, **common: Any):
        super().__init__(hop_length, **common)
        check_int("frame_length", frame_length, 2)
        check_bool("center", center)
        self.frame_length = frame_length
        self.center = center
        self.least = 1 if center else frame_length

    def describe(self, samples: Tensor) -> Tensor:
        """`(b, t)` samples of some frames, at their ends nothing else → a number for each frame, `(b, n)`."""
        raise NotImplementedError

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        n_frames, half = self.frames_within(waveform), self.frame_length // 2
        hop_bytes = self.hop_length * waveform.element_size()
        n_clips, n_block = block_sizes(waveform.shape[0], n_frames, hop_bytes, budget(waveform))
        padded = (
            waveform
            if self.is_cut or not self.center
            else F.pad(waveform, (half, half), mode=torch_mode(self.pad_mode))
        )
        if (n_clips, n_block) == (waveform.shape[0], n_frames):
            return self.describe(padded)[:, None, None]
        rows = []
        for clips in padded.split(n_clips):
            firsts = range(0, n_frames, n_block)
            spans = [(n * self.hop_length, (min(n + n_block, n_frames) - 1) * self.hop_length) for n in firsts]
            rows.append(join([self.describe(clips[:, a : b + self.frame_length]) for a, b in spans], dim=-1))
        return join(rows, dim=0)[:, None, None]

    @property
    def framing(self) -> Framing:
        if not self.center:
            return Framing(self.frame_length, self.hop_length, 0, "constant")
        return Framing(self.frame_length, self.hop_length, self.frame_length // 2, torch_mode(self.pad_mode))

    @property
    def first_seconds(self) -> float:
        return 0.0 if self.center else self.frame_length / 2 / self.sample_rate

    def count_frames(self, n_samples: Count) -> Count:
        if not self.center:
            return (n_samples - self.frame_length) // self.hop_length + 1
        # An odd frame_length is padded by one sample less than itself.
        return (n_samples - self.frame_length % 2) // self.hop_length + 1

    @property
    def frequencies(self) -> Tensor:
        """`(1,)`: the only row is no frequency."""
        return torch.zeros(1)


class ZeroCrossingRate(FrameDescriptor):
    """Share of each frame's samples at which the sign changes: `(B, 1, 1, N)`, from 0 to 1.

    As `librosa.feature.zero_crossing_rate`: the clip's first and last sample go on at its ends, and zeros,
    all within 1e-10 of 0, are positive. It moves in steps: its gradient is 0 everywhere.

    Args:
        frame_length, hop_length, center and the others: as in `FrameDescriptor`.

    Raises:
        EscGpuError: for an option out of range.

    Source: Kedem (1986), "Spectral analysis and discrimination by zero-crossings".

    Any device · gradient 0 · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import ZeroCrossingRate
    >>> ZeroCrossingRate(sample_rate=16000)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 1, 32])
    """

    name = "zero_crossing_rate"
    value_unit = "per sample"

    def describe(self, samples: Tensor) -> Tensor:
        # `sign` has gradient 0, where a comparison has none and a backward pass would fail.
        is_negative = torch.sign(samples + ZERO).clamp_max(0.0)
        crossings = is_negative.diff(dim=-1).abs()
        # Of frame_length samples, and so of one pair less.
        frames = crossings.unfold(-1, self.frame_length - 1, self.hop_length)
        return frames.sum(dim=-1) / self.frame_length


class RMS(FrameDescriptor):
    """Root mean square of each frame's samples: `(B, 1, 1, N)`, 1 for a full-scale square wave.

    As `librosa.feature.rms` of a waveform: the frames are not windowed.

    Args:
        frame_length, hop_length, center and the others: as in `FrameDescriptor`.
        pad_mode: "constant" (zeros), "reflect", "edge" or "wrap", at both ends, as in `STFTFrontend`.

    Raises:
        EscGpuError: for an option out of range.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import RMS
    >>> RMS(sample_rate=16000)(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 1, 32])
    """

    name = "rms"
    value_unit = "of full scale"

    def __init__(self, *, pad_mode: str = "constant", **frames: Any):
        super().__init__(**frames)
        check_choice("pad_mode", pad_mode, PAD_MODES)
        self.pad_mode = pad_mode
        if self.center:
            self.least = least_samples(pad_mode, self.frame_length // 2)

    def describe(self, samples: Tensor) -> Tensor:
        power = samples.square().unfold(-1, self.frame_length, self.hop_length).mean(dim=-1)
        return power_to_magnitude(power)
