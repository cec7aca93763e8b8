"""Another front-end's features as a model takes them: clips and images of a fixed length, values of a fixed range."""

import warnings
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.core.checks import check_choice, check_int, check_number
from esc_gpu.errors import EscGpuError, EscGpuWarning
from esc_gpu.frontends.axes import ChannelAxis
from esc_gpu.frontends.base import Frontend, Shared
from esc_gpu.frontends.framing import Count
from esc_gpu.frontends.members import OfOneMember
from esc_gpu.frontends.scaling import limit_range
from esc_gpu.frontends.unequal import fill_behind, filled_clips, prepare

FILLS = ("zeros", "repeat")
MOST_SECONDS = 3600  # as of a training's clips


class ModelInput(OfOneMember):
    """A front-end's features as a trained model takes them, `(B, C, F, N)`.

    A clip is cut or filled to `clip_seconds`. Its features are cut or filled to `image_frames`, limited to `max_range`
    under their maximum, and normalised: `(x - mean) / std`. The presets (`list_presets`) are made of this.

    Args:
        member: the front-end, its name, or a mapping of `create_frontend`'s arguments
            (`{"name": "kaldi_fbank", "sample_rate": 16000}`). With a sample rate of its own it resamples.
        clip_seconds: length to which clips are cut or filled, in seconds; None for clips as they are.
        fill: what a shorter clip is filled with: "zeros", or "repeat" for the clip as often as it fits, then zeros.
        image_frames: frames to which the features are cut, or filled with 0 before they are normalised; None for as
            many as there are.
        max_range: range of values kept under each clip's maximum, in the member's unit; None for no limit.
        mean: what is taken off the values.
        std: what they are divided by then.
        sample_rate: samples per second of the waveforms; that of `member` where it is made already.
        input_sample_rate, pad_short: as in `Frontend`.

    Raises:
        EscGpuError: for an option out of range, no member, or one for another input rate.

    Any device · gradient · torch.compile · torch.export, ONNX.

    >>> from esc_gpu.frontends import ModelInput
    >>> layer = ModelInput(sample_rate=16000, member="logmel", image_frames=100, mean=-40.0, std=40.0)
    >>> layer(torch.zeros(2, 16000)).shape
    torch.Size([2, 1, 128, 100])
    """

    name = "model_input"
    whole_clip = "a model's input is that of a whole clip; take the member of it"

    def __init__(
        self,
        *,
        member: Frontend | Mapping[str, Any] | str | None = None,
        clip_seconds: float | None = None,
        fill: str = "zeros",
        image_frames: int | None = None,
        max_range: float | None = None,
        mean: float = 0.0,
        std: float = 1.0,
        **common: Any,
    ):
        with warnings.catch_warnings():
            # Of bands that hold no FFT bin, as AST's lowest: they are the model's.
            warnings.simplefilter("ignore", EscGpuWarning)
            super().__init__(member, **common)
        if clip_seconds is not None:
            check_number("clip_seconds", clip_seconds, above=0)
            if clip_seconds > MOST_SECONDS:
                raise EscGpuError(f"clip_seconds must be at most {MOST_SECONDS} (s), got {clip_seconds!r}")
        check_choice("fill", fill, FILLS)
        if image_frames is not None:
            check_int("image_frames", image_frames, 1)
        if max_range is not None:
            check_number("max_range", max_range, above=0)
        check_number("mean", mean)
        check_number("std", std, above=0)
        self.clip_seconds, self.fill, self.image_frames, self.max_range = clip_seconds, fill, image_frames, max_range
        self.mean, self.std = float(mean), float(std)
        self.clip_samples = (
            None if clip_seconds is None else max(self.layer.min_samples, round(clip_seconds * self.sample_rate))
        )
        self.least = self.layer.min_samples if self.clip_samples is None else 1
        self.is_signed = self.is_signed or self.is_normalised

    @property
    def is_normalised(self) -> bool:
        """Whether the values are others than the member's."""
        return (self.mean, self.std) != (0.0, 1.0)

    @property
    def value_unit(self) -> str:
        """The member's, or none of normalised values."""
        return "" if self.is_normalised else self.layer.value_unit

    def channel_axes(self) -> list[ChannelAxis]:
        """The member's, of normalised values without their unit."""
        axes = self.layer.channel_axes()
        return [axis._replace(value_unit="", is_signed=True) for axis in axes] if self.is_normalised else axes

    def count_frames(self, n_samples: Count) -> Count:
        if self.clip_samples is not None:
            n_samples = 0 * n_samples + self.clip_samples
        return self.layer.n_frames(n_samples) if self.image_frames is None else 0 * n_samples + self.image_frames

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        if self.changes_clips or self.clip_samples is not None:
            shared = None
        waveform = self.fit_clip(waveform)
        return self.fit_image(self.layer.features(self.layer.prepare(waveform, shared), shared))

    def unequal_features(self, waveform: Tensor, lengths: Tensor, shared: Shared | None = None) -> Tensor:
        waveform, lengths = prepare(self, waveform, lengths, shared)
        if self.clip_samples is not None:  # then all are equal
            clips = filled_clips(waveform, lengths, self.clip_samples, self.fill == "repeat")
            return self.fit_image(self.layer.compute(clips, None))
        image = self.layer.unequal_features(waveform, lengths, None if self.changes_clips else shared)
        image = self.fit_image(image, self.layer.n_frames(lengths))
        return image if self.image_frames is not None else fill_behind(image, self.count_frames(lengths))

    @property
    def refuses_lengths(self) -> str | None:
        reason = self.layer.refuses_lengths
        return reason and f"its member {self.layer.name}: {reason}"

    def fit_image(self, image: Tensor, n_frames: Tensor | None = None) -> Tensor:
        """The member's features, of each clip `n_frames`, as the model takes them."""
        image = image[..., : self.image_frames]
        if n_frames is None:
            image = limit_range(image, self.max_range)
        elif self.max_range is not None:
            lowest = fill_behind(image, n_frames, torch.finfo(image.dtype).min)
            image = fill_behind(limit_range(lowest, self.max_range), n_frames)
        if self.image_frames is not None and image.shape[-1] < self.image_frames:
            image = F.pad(image, (0, self.image_frames - image.shape[-1]))
        return (image - self.mean) / self.std if self.is_normalised else image

    def fit_clip(self, waveform: Tensor) -> Tensor:
        """`(B, T)` → `(B, clip_samples)`."""
        n_samples = waveform.shape[-1]
        if self.clip_samples is None or n_samples == self.clip_samples:
            return waveform
        if n_samples > self.clip_samples:
            return waveform[:, : self.clip_samples]
        if self.fill == "repeat":
            waveform = torch.cat([waveform] * (self.clip_samples // n_samples), dim=-1)
        return F.pad(waveform, (0, self.clip_samples - waveform.shape[-1]))
