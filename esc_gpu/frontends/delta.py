"""Derivatives along time as further channels of another front-end."""

import bisect
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.core.checks import check_choice, check_int
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.axes import ChannelAxis
from esc_gpu.frontends.base import Frontend, Shared
from esc_gpu.frontends.framing import Count
from esc_gpu.frontends.members import OfOneMember
from esc_gpu.frontends.streams import FrameStream
from esc_gpu.frontends.unequal import fill_behind, prepare, take, with_own_ends

# What stands beyond the ends, by scipy.ndimage's name, as torch.nn.functional.pad has it.
PADDED = {"nearest": "replicate", "mirror": "reflect", "constant": "constant", "wrap": "circular"}
EDGE_MODES = ("interp", *PADDED)
# A layer that makes too few frames of a clip of so many samples makes as few of any.
MOST_SAMPLES = 2**40


class Delta(OfOneMember):
    """A front-end's features and their first derivatives along the frames: `(B, C * (order + 1), F, N)`.

    The features' C channels come first, then those of their first derivative (per frame) and of their second (per
    frame²). Derivative k is that of a polynomial of degree k that is fitted to the `width` frames around each frame, as
    `librosa.feature.delta(order=k)`.

    Args:
        member: the front-end, its name, or a mapping of `create_frontend`'s arguments
            (`{"name": "logmel", "n_mels": 64}`). A member without a sample rate gets that of this front-end.
        width: odd number of frames for the fit of a polynomial, at least 3. A clip needs at least as many frames.
        order: the highest derivative, 1 or 2.
        mode: what the frames at either end, which have too few around them, use: "interp" the first or the last fit;
            others a fit to frames beyond the end: "nearest" repeats the last frame, "mirror" goes back from it,
            "constant" has zeros, "wrap" goes on at the other end.
        sample_rate: samples per second of the member's input; a member that is already a layer sets it.
        input_sample_rate, pad_short: as in `Frontend`.

    Raises:
        EscGpuError: for an option out of range, no member, one for another input rate, or one that makes fewer frames
            than `width` of every clip.

    Source: Furui (1986), "Speaker-independent isolated word recognition using dynamic features of speech
    spectrum"; the fit as a convolution from Savitzky & Golay (1964), "Smoothing and differentiation of data
    by simplified least squares procedures".

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import Delta
    >>> Delta(sample_rate=16000, member={"name": "logmel", "n_mels": 64})(torch.zeros(2, 16000)).shape
    torch.Size([2, 3, 64, 32])
    """

    name = "delta"

    def __init__(
        self,
        *,
        member: Frontend | Mapping[str, Any] | str | None = None,
        width: int = 9,
        order: int = 2,
        mode: str = "interp",
        **common: Any,
    ):
        super().__init__(member, **common)
        check_int("width", width, 3)
        if width % 2 == 0:
            raise EscGpuError(f"width must be an odd number of frames, got {width}: use {width - 1} or {width + 1}")
        check_int("order", order, 1, 2)
        check_choice("mode", mode, EDGE_MODES)
        self.width = width
        self.order = order
        self.mode = mode
        self.n_channels *= order + 1
        self.least = samples_of_frames(self.layer, width)
        self.fits = derivative_fits(width, order)

    @property
    def value_unit(self) -> str:
        """That of the features, the first channels."""
        return self.layer.value_unit

    def channel_axes(self) -> list[ChannelAxis]:
        """Those of the features, then their derivatives' per frame."""
        axes = self.layer.channel_axes()
        return axes + [derivative_axis(axis, order) for order in range(1, self.order + 1) for axis in axes]

    def count_frames(self, n_samples: Count) -> Count:
        return self.layer.n_frames(n_samples)

    def takes_as_int16(self, waveform: Tensor) -> bool:
        return self.resample is None and self.layer.takes_as_int16(waveform)

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        if self.changes_clips:
            shared = None
        image = self.layer.features(self.layer.prepare(waveform, shared), shared)
        return self.with_derivatives(image)

    def unequal_features(self, waveform: Tensor, lengths: Tensor, shared: Shared | None = None) -> Tensor:
        waveform, lengths = prepare(self, waveform, lengths, shared)
        image = self.layer.unequal_features(waveform, lengths, None if self.changes_clips else shared)
        n_frames, half = self.layer.n_frames(lengths), self.width // 2
        if self.mode in PADDED:
            rows = with_own_ends(image, n_frames, half, half, PADDED[self.mode])
            derivatives = [derivative[..., : image.shape[-1]] for derivative in self.derivatives(rows)]
        else:
            frames = torch.arange(image.shape[-1], device=image.device)
            fitted = torch.minimum(frames, n_frames[:, None] - half - 1)  # the last whole fit goes on to the end
            derivatives = [take(derivative, fitted) for derivative in self.derivatives(image)]
        return fill_behind(torch.cat([image, *derivatives], dim=1), n_frames)

    @property
    def refuses_lengths(self) -> str | None:
        reason = self.layer.refuses_lengths
        return reason and f"its member {self.layer.name}: {reason}"

    def with_derivatives(self, image: Tensor) -> Tensor:
        """`(B, C, F, N)` → `(B, C * (order + 1), F, N)`, N from `width` on."""
        return torch.cat([image, *self.derivatives(image)], dim=1)

    @property
    def whole_clip(self) -> str | None:
        if self.mode == "wrap":
            return "mode='wrap' takes frames of the clip's other end; set another mode"
        return self.layer.whole_clip and f"its member {self.layer.name}: {self.layer.whole_clip}"

    def frame_stream(self) -> "DeltaStream":
        return DeltaStream(self)

    def derivatives(self, image: Tensor) -> list[Tensor]:
        """`(B, C, F, N)` → the derivatives from the first on, of the same shape."""
        half = self.width // 2
        if self.mode in PADDED:
            padded = F.pad(image, (half, half, 0, 0), mode=PADDED[self.mode])
            return [correlate_frames(padded, fit) for fit in self.fits]
        derivatives = []
        for fit in self.fits:
            inner = correlate_frames(image, fit)
            # Derivative k of a polynomial of degree k is a constant: the same at the end as in the middle of a fit.
            first, last = (inner[..., n : n + 1].expand(-1, -1, -1, half) for n in (0, inner.shape[-1] - 1))
            derivatives.append(torch.cat([first, inner, last], dim=-1))
        return derivatives


class DeltaStream(FrameStream):
    """The frames of a member's stream and their derivatives, once those around them are there."""

    def __init__(self, frontend: Delta):
        super().__init__(frontend)
        self.delta = frontend
        self.member = frontend.layer.frame_stream()
        self.kept: Tensor | None = None  # frames, the last ones
        self.n_waiting = 0  # of them, those without derivatives yet

    def frames(self, samples: Tensor, is_end: bool, shared: Shared) -> Tensor:
        if self.delta.changes_clips:
            shared = {}
        new = self.member.advance(samples, is_end, shared)
        image = new if self.kept is None else torch.cat([self.kept, new], dim=-1)
        self.n_waiting += new.shape[-1]
        n_behind = 0 if is_end else self.delta.width // 2  # frames that only serve those before them
        first, stop = image.shape[-1] - self.n_waiting, image.shape[-1] - n_behind
        if image.shape[-1] < self.delta.width or first >= stop:
            self.kept = image
            return self.no_frames(samples)
        self.n_waiting = n_behind
        self.kept = image[..., -self.delta.width :]
        return self.delta.with_derivatives(image)[..., first:stop]

    def latency(self) -> float:
        hop = self.delta.hop_seconds * self.delta.sample_rate
        return self.member.input_latency() + self.delta.width // 2 * hop


def derivative_axis(axis: ChannelAxis, order: int) -> ChannelAxis:
    """The axis of a derivative of the values along `axis`."""
    per = "frame" if order == 1 else f"frame{'⁰¹²³'[order]}"
    name, unit = f"{'Δ' * order} {axis.name}", f"{axis.value_unit} per {per}".strip()
    return axis._replace(name=name, value_unit=unit, is_signed=True)


def derivative_fits(width: int, order: int) -> list[list[float]]:
    """For each k from 1 to `order`, the weights of `width` frames that give derivative k of the polynomial fit."""
    import scipy.signal  # here: it takes half as long to load as torch

    return [scipy.signal.savgol_coeffs(width, k, deriv=k, use="dot").tolist() for k in range(1, order + 1)]


def correlate_frames(image: Tensor, weights: list[float]) -> Tensor:
    """`(..., N)` → `(..., N - len(weights) + 1)`.

    As a sum of shifted images: a convolution would be rounded to TF32 on a GPU.
    """
    n_frames = image.shape[-1] - len(weights) + 1
    total = weights[0] * image[..., :n_frames]
    for shift, weight in enumerate(weights[1:], start=1):
        total = torch.add(total, image[..., shift : shift + n_frames], alpha=weight)
    return total


def samples_of_frames(layer: Frontend, n_frames: int) -> int:
    """Samples of the shortest clip of which `layer` makes `n_frames` frames.

    Raises:
        EscGpuError: for a layer that makes fewer frames of every clip.
    """
    enough = layer.min_samples
    while layer.n_frames(enough) < n_frames:
        if enough > MOST_SAMPLES:
            raise EscGpuError(
                f"{layer.name} makes {layer.n_frames(enough)} frames of every clip, expected at least {n_frames}: "
                "let it make more, or ask for fewer"
            )
        enough *= 2
    candidates = range(layer.min_samples, enough + 1)
    return candidates[bisect.bisect_left(candidates, n_frames, key=layer.n_frames)]
