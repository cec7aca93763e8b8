"""Features of a stream: frames of a waveform that comes in chunks, as soon as their samples are there."""

import math
from contextlib import ExitStack
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.core.waveform import check_waveform, to_float
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.emphasis import emphasised
from esc_gpu.frontends.framing import FrameCutter, Framing
from esc_gpu.frontends.full_precision import full_precision
from esc_gpu.frontends.resampling import Resample
from esc_gpu.frontends.sharing import Shared
from esc_gpu.frontends.sliding import slide


class Streamable(Protocol):
    """What is asked of a front-end here."""

    name: str
    backend: str
    sample_rate: int
    hop_length: int
    n_channels: int
    least: int
    pad_short: bool
    emphasis: float
    n_dropped: int
    precision: Tensor
    resample: Resample | None

    @property
    def framing(self) -> Framing: ...
    @property
    def first_seconds(self) -> float: ...
    @property
    def input_rate(self) -> int: ...
    @property
    def frequencies(self) -> Tensor: ...
    @property
    def changes_clips(self) -> bool: ...
    @property
    def whole_clip(self) -> str | None: ...
    def check_length(self, n_samples: int) -> None: ...
    def count_frames(self, n_samples: int) -> int: ...
    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor: ...
    def frames_alone(self) -> "Streamable": ...
    def frame_stream(self) -> "FrameStream": ...


class ResampledStream:
    """`Resample` of a waveform that comes in chunks."""

    def __init__(self, resample: Resample):
        self.resample = resample
        taps = 2 * resample.reach + resample.step
        self.cutter = FrameCutter(
            Framing(taps, resample.step, resample.reach, "constant"),
            lambda n_samples: -(-resample.output_length(n_samples) // resample.phases),
        )
        self.n_samples = 0  # given out

    def advance(self, samples: Tensor, is_end: bool) -> Tensor:
        """`(B, t)` at the one rate → what of it has become complete at the other."""
        cut = self.cutter.cut(samples, is_end)
        if cut is None:
            return samples[:, :0]
        n_steps = self.cutter.framing.count(cut.shape[-1])
        resampled = slide(cut, self.resample.kernels, self.resample.step, n_steps).flatten(-2)
        if is_end:  # the last step may reach beyond the end
            resampled = resampled[:, : self.resample.output_length(self.cutter.n_samples) - self.n_samples]
        self.n_samples += resampled.shape[-1]
        return resampled


class FrameStream:
    """A front-end's frames of float samples that come in chunks: the part of a stream that each kind has for itself.

    Args:
        frontend: the front-end.

    Raises:
        EscGpuError: for one whose frames need the whole clip.
    """

    def __init__(self, frontend: Streamable):
        if frontend.backend != "native":
            raise EscGpuError(
                f"{frontend.name} cannot be streamed: backend {frontend.backend!r} pads its clips itself; take "
                "backend='native'"
            )
        if (reason := frontend.whole_clip) is not None:
            raise EscGpuError(f"{frontend.name} cannot be streamed: {reason}")
        self.frontend = frontend
        self.resampled = None if frontend.resample is None else ResampledStream(frontend.resample)
        self.n_samples = 0
        self.last: Tensor | None = None  # sample of those before, where it is taken off the next one

    def advance(self, samples: Tensor, is_end: bool, shared: Shared) -> Tensor:
        """`(B, t)` at the input rate → `(B, C, F, n)`, the frames that have become complete; `shared` is a stack's."""
        if self.resampled is not None:
            key = ("stream", self.frontend.sample_rate)
            if key not in shared:
                shared[key] = self.resampled.advance(samples, is_end)
            samples = shared[key]
        self.n_samples += samples.shape[-1]
        if is_end and self.frontend.pad_short and self.n_samples < self.frontend.least:
            samples = F.pad(samples, (0, self.frontend.least - self.n_samples))
        if self.frontend.emphasis and samples.shape[-1]:
            n_dropped = self.frontend.n_dropped if self.last is None else 0
            last = samples[:, -1:].clone()
            samples, self.last = emphasised(samples, self.frontend.emphasis, self.last)[:, n_dropped:], last
        return self.frames(samples, is_end, shared)

    def frames(self, samples: Tensor, is_end: bool, shared: Shared) -> Tensor:
        """`advance` of samples at the front-end's own rate."""
        raise NotImplementedError

    def latency(self) -> float:
        """Samples at the front-end's own rate."""
        raise NotImplementedError

    def input_latency(self) -> float:
        """Samples at the input rate."""
        resample = self.frontend.resample
        if resample is None:
            return self.latency()
        # So many steps at most are computed of which only the last sample is still wanted.
        return (self.latency() + resample.phases - 1) * resample.step / resample.phases + resample.reach

    def no_frames(self, samples: Tensor) -> Tensor:
        """`(B, C, F, 0)`."""
        size = (samples.shape[0], self.frontend.n_channels, len(self.frontend.frequencies), 0)
        return samples.new_zeros(size)


class SampleStream(FrameStream):
    """Frames that are computed of their own samples alone, by the front-end's own `features`."""

    def __init__(self, frontend: Streamable):
        super().__init__(frontend)
        if frontend.framing.mode == "circular":
            raise EscGpuError(
                f"{frontend.name} cannot be streamed: before the clip stands its own end; set another pad_mode"
            )
        self.cutter = FrameCutter(frontend.framing, frontend.count_frames)
        self.alone = frontend.frames_alone()

    def frames(self, samples: Tensor, is_end: bool, shared: Shared) -> Tensor:
        cut = self.cutter.cut(samples, is_end)
        return self.no_frames(samples) if cut is None else self.alone.features(cut, shared)

    def latency(self) -> float:
        framing, frontend = self.cutter.framing, self.frontend
        return framing.length - framing.before + frontend.n_dropped - frontend.first_seconds * frontend.sample_rate


class StreamedFeatures:
    """Features of a waveform that comes in chunks: `push` gives the frames that have become complete, `end` the rest.

    All that they give, joined along the frames, is what the front-end makes of the whole waveform, however it was cut.
    What is kept does not grow with the length. There is no gradient.

    Args:
        frontend: a front-end each frame of which needs no more than the samples around it.

    Raises:
        EscGpuError: for another one.

    >>> from esc_gpu import create_frontend
    >>> stream = create_frontend("logmel", sample_rate=16000, top_db=None).stream()
    >>> [stream.push(torch.zeros(2, 800)).shape[-1] for chunk in range(4)], stream.end().shape
    ([0, 2, 1, 2], torch.Size([2, 1, 128, 2]))
    >>> stream.latency_samples, stream.latency_seconds
    (1024, 0.064)
    """

    def __init__(self, frontend: Streamable):
        self.frontend = frontend
        self.frames = frontend.frame_stream()
        self.device = frontend.precision.device
        self.n_clips = 0  # as long as none has come
        self.n_samples = 0
        self.has_ended = False

    def push(self, chunk: Tensor) -> Tensor:
        """`(B, t)` int16 or float, full scale at ±1, `t` from 0 on → `(B, C, F, n)` float32, `n` from 0 on.

        Raises:
            EscGpuError: for another shape or dtype, a chunk on another device than the front-end was on when the stream
                began, another B than that of the first chunk, and after `end`.
        """
        check_waveform(chunk)
        if self.has_ended:
            raise EscGpuError("this stream has ended: make another one by frontend.stream()")
        if self.n_clips not in (0, chunk.shape[0]):
            raise EscGpuError(
                f"the chunks of this stream are of {self.n_clips} clips, got {chunk.shape[0]}: a stream for other "
                "clips is another frontend.stream()"
            )
        if chunk.device != self.device:
            raise EscGpuError(f"this stream is on {self.device}, got a chunk on {chunk.device}: move it there first")
        self.n_clips = chunk.shape[0]
        self.n_samples += chunk.shape[-1]
        return self.advance(to_float(chunk, self.frontend.precision.dtype), is_end=False)

    def end(self) -> Tensor:
        """`(B, C, F, n)`: the frames that reach beyond the end, padded as those of a whole clip.

        Raises:
            EscGpuError: for a waveform shorter than the front-end's `min_samples`, and after `end`.
        """
        if self.has_ended:
            raise EscGpuError("this stream has ended: make another one by frontend.stream()")
        if self.n_samples == 0:
            raise EscGpuError("no sample was pushed into this stream: push the waveform before its end")
        self.frontend.check_length(self.n_samples)
        self.has_ended = True
        return self.advance(self.frontend.precision.new_empty(self.n_clips, 0), is_end=True)

    @torch.no_grad()
    def advance(self, samples: Tensor, is_end: bool) -> Tensor:
        """The next frames, in full precision whatever the caller's autocast is."""
        with ExitStack() as stack:
            stack.enter_context(torch.autocast(samples.device.type, enabled=False))
            if samples.is_cuda:
                stack.enter_context(full_precision)
            return self.frames.advance(samples, is_end, {})

    @property
    def latency_samples(self) -> int:
        """Samples at the input rate that must have been pushed beyond a frame's centre before the frame comes.

        A frame centred at `t` seconds (`frontend.times`) comes with the chunk that brings the sample at
        `t + latency_seconds`. The first frames may come later: what stands before the clip is made of its beginning.
        """
        return math.ceil(self.frames.input_latency())

    @property
    def latency_seconds(self) -> float:
        """`latency_samples` in seconds."""
        return self.latency_samples / self.frontend.input_rate
