"""Several front-ends as the channels of one image."""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from esc_gpu.core.checks import check_int
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.axes import ChannelAxis, numbered
from esc_gpu.frontends.base import Frontend, Shared
from esc_gpu.frontends.blocks import is_free
from esc_gpu.frontends.framing import Count, larger
from esc_gpu.frontends.members import member_layer
from esc_gpu.frontends.streams import FrameStream
from esc_gpu.frontends.unequal import fill_behind, prepare, stretched


class Stack(Frontend):
    """Front-ends on a common grid `(F, N)`, one input channel each: `(B, sum of C, F, N)`.

    Args:
        members: the front-ends, their names, or mappings of `create_frontend`'s arguments
            (`{"name": "mfcc", "n_mfcc": 20}`). A member without a sample rate gets that of the stack.
        sample_rate: samples per second of the members' input. A member with another `sample_rate` resamples.
        n_bins: F of the grid; None uses the largest F of the members. N is that of the member with most frames.
        input_sample_rate, pad_short: as in `Frontend`.

    A member off the grid is interpolated linearly, first bin on first bin and last on last, and so in time: all
    members' first frames are centred on the clip's start, their last ones at most a hop of their own before its end.
    (The frames of Kaldi's features are centred within the clip: beside others they are stretched to its ends.)
    Members with the same STFT, or the same filter bank over it, compute it once.

    Raises:
        EscGpuError: for no member, or members for another input rate than the stack's.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import Stack
    >>> Stack(sample_rate=16000, members=["logmel", "mfcc"])(torch.zeros(2, 16000)).shape
    torch.Size([2, 2, 128, 32])
    """

    name = "stack"
    layers: Sequence[Frontend]

    def __init__(
        self,
        *,
        members: Sequence[Frontend | Mapping[str, Any] | str] = (),
        n_bins: int | None = None,
        **common: Any,
    ):
        if not members:
            raise EscGpuError("a stack needs at least one front-end in `members`, for example [logmel, mfcc, cqt]")
        if not isinstance(members, Sequence) or isinstance(members, str):
            raise EscGpuError(f"members of a stack are a list of front-ends, got {members!r}: put it in brackets")
        super().__init__(1, **common)
        layers = [member_layer(self, member) for member in members]
        if len({id(layer) for layer in layers}) < len(layers):
            raise EscGpuError("a stack contains the same front-end object twice: make a second one from its spec")
        if n_bins is not None:
            check_int("n_bins", n_bins, 1)
        self.layers = cast(Sequence[Frontend], nn.ModuleList(layers))  # which has no type for what is in it
        self.densest = min(range(len(layers)), key=lambda k: layers[k].hop_seconds)
        self.hop_length = layers[self.densest].hop_length
        self.n_bins = n_bins or max(len(layer.frequencies) for layer in layers)
        self.n_channels = sum(layer.n_channels for layer in layers)
        self.least = max(layer.min_samples for layer in layers)
        self.bin_unit, self.is_signed = layers[0].bin_unit, layers[0].is_signed
        self.order = sorted(range(len(layers)), key=lambda k: not layers[k].takes_whole_power)
        self.takes_whole_power = any(layer.takes_whole_power for layer in layers)

    @property
    def members(self) -> list[dict[str, Any]]:
        """The members' specs, as plain types."""
        return [layer.spec for layer in self.layers]

    @property
    def frequencies(self) -> Tensor:
        """`(F,)` of the first channel; the other members know their own."""
        first = self.layers[0].frequencies[None, None]
        return F.interpolate(first, size=self.n_bins, mode="linear", align_corners=True)[0, 0]

    @property
    def value_unit(self) -> str:
        """That of the first channel."""
        return self.layers[0].value_unit

    def channel_axes(self) -> list[ChannelAxis]:
        """The members' on the grid; two members with one name are numbered."""
        axes = [axis for layer in self.layers for axis in layer.channel_axes()]
        return numbered([axis._replace(frequencies=bins_on_grid(axis.frequencies, self.n_bins)) for axis in axes])

    def count_frames(self, n_samples: Count) -> Count:
        return reduce(larger, [layer.n_frames(n_samples) for layer in self.layers])

    @property
    def hop_seconds(self) -> float:
        return self.layers[self.densest].hop_seconds

    @property
    def first_seconds(self) -> float:
        return self.layers[self.densest].first_seconds

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        if shared is None or self.changes_clips:
            shared = {}
        size = (self.n_bins, self.count_frames(waveform.shape[-1]))
        always = is_free(size[1]) and self.stretched() is not None  # members that are on the grid for some lengths
        images: dict[int, Tensor] = {}
        for k in self.order:
            layer = self.layers[k]
            images[k] = to_grid(layer.features(layer.prepare(waveform, shared), shared), size, always)
        return torch.cat([images[k] for k in range(len(self.layers))], dim=1)

    def unequal_features(self, waveform: Tensor, lengths: Tensor, shared: Shared | None = None) -> Tensor:
        waveform, lengths = prepare(self, waveform, lengths, shared)
        if shared is None or self.changes_clips:
            shared = {}
        n_frames, size = self.count_frames(lengths), self.count_frames(waveform.shape[-1])
        images: dict[int, Tensor] = {}
        for k in self.order:
            layer = self.layers[k]
            image = layer.unequal_features(waveform, lengths, shared)
            image = stretched(image, layer.n_frames(lengths), n_frames, size)
            images[k] = to_grid(image, (self.n_bins, size))
        return fill_behind(torch.cat([images[k] for k in range(len(self.layers))], dim=1), n_frames)

    @property
    def refuses_lengths(self) -> str | None:
        named = ((layer.name, layer.refuses_lengths) for layer in self.layers)
        reasons = (f"its member {name}: {reason}" for name, reason in named if reason)
        return next(reasons, None)

    @property
    def whole_clip(self) -> str | None:
        reasons = (f"its member {layer.name}: {layer.whole_clip}" for layer in self.layers if layer.whole_clip)
        return next(reasons, None) or self.stretched()

    def stretched(self) -> str | None:
        """Why members are interpolated in time, by as much as the clip's length says; None where none is."""
        if len({layer.hop_seconds for layer in self.layers}) > 1:
            return "its members have different hops, and are stretched to the whole clip's length; give all one hop"
        lengths = range(self.least, self.least + math.ceil(self.hop_seconds * self.sample_rate))
        if any(len({layer.n_frames(n_samples) for layer in self.layers}) > 1 for n_samples in lengths):
            return (
                "its members have different numbers of frames, and are stretched to the whole clip's length; give all "
                "frames of one kind"
            )
        return None

    def frame_stream(self) -> "StackStream":
        return StackStream(self)


class StackStream(FrameStream):
    """The frames that all members' streams have."""

    def __init__(self, frontend: Stack):
        super().__init__(frontend)
        self.stack = frontend
        self.members = [layer.frame_stream() for layer in frontend.layers]
        self.waiting: list[Tensor] = []  # of each member, the frames that others do not have yet

    def frames(self, samples: Tensor, is_end: bool, shared: Shared) -> Tensor:
        if self.stack.changes_clips:
            shared = {}
        new = {k: self.members[k].advance(samples, is_end, shared) for k in self.stack.order}
        images = [new[k] for k in range(len(new))]
        if self.waiting:
            images = [torch.cat(parts, dim=-1) for parts in zip(self.waiting, images, strict=True)]
        n_common = min(image.shape[-1] for image in images)
        self.waiting = [image[..., n_common:] for image in images]
        if n_common == 0:
            return self.no_frames(samples)
        size = (self.stack.n_bins, n_common)
        return torch.cat([to_grid(image[..., :n_common], size) for image in images], dim=1)

    def latency(self) -> float:
        return max(member.input_latency() for member in self.members)


def bins_on_grid(frequencies: np.ndarray, n_bins: int) -> np.ndarray:
    """The centres of a member's bins on the grid: first bin on first bin, last on last."""
    positions = np.linspace(0, len(frequencies) - 1, n_bins)
    return np.interp(positions, np.arange(len(frequencies)), frequencies).astype(np.float32)


def to_grid(image: Tensor, size: tuple[int, int], always: bool = False) -> Tensor:
    """`(B, C, F, N)` → `(B, C, *size)`, where it is that already without an interpolation, unless `always`."""
    if not always and image.shape[-2:] == size:
        return image
    return F.interpolate(image, size=size, mode="bilinear", align_corners=True)
