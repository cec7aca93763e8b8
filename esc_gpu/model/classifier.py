"""From waveform to class in one module: front-end → normalise → timm backbone."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import torch
from torch import Tensor, nn

from esc_gpu.core.assumed_constant import assumed_constant
from esc_gpu.core.checks import check_choice, check_int
from esc_gpu.core.profiling import phase
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.blocks import is_free
from esc_gpu.frontends.unequal import checked_lengths, fill_behind, roll_clips
from esc_gpu.model.backbone import create_backbone
from esc_gpu.model.coordinates import CHANNELS, append_coordinates
from esc_gpu.model.normalization import Normalization
from esc_gpu.model.own_frames import columns_step, logits_of_own_frames
from esc_gpu.model.stem import Stem

MOST_SHIFTS = 100
ImageAugmentation = Callable[[Tensor], Tensor]
P = ParamSpec("P")


def check_replacement(previous: Frontend, frontend: Frontend) -> None:
    """Refuse a front-end that takes other waveforms than the previous one, or gives the backbone another image."""
    if previous.n_channels != frontend.n_channels:
        raise EscGpuError(
            f"the backbone takes {previous.n_channels} channel(s) of features, {frontend.name} gives "
            f"{frontend.n_channels}: swap in a front-end (or a Stack) of as many, or build a new WaveformClassifier"
        )
    rate = previous.input_rate
    if rate != frontend.input_rate:
        raise EscGpuError(
            f"the model takes waveforms at {rate} Hz, {frontend.name} takes them at {frontend.input_rate} Hz: "
            f"make it with sample_rate={rate}, or with input_sample_rate={rate} to let it resample"
        )


def refuse_renamed(**renamed: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """A constructor that answers an option of an earlier version, `old="new"`, with its new name."""

    def decorate(constructor: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(constructor)
        def checked(*arguments: P.args, **options: P.kwargs) -> None:
            for old in renamed.keys() & options.keys():
                owner = constructor.__qualname__.partition(".")[0]
                raise EscGpuError(f"{owner} no longer has the option {old}: use {renamed[old]}")
            constructor(*arguments, **options)

        return checked

    return decorate


class WaveformClassifier(nn.Module):
    """Waveform `(B, T)` → logits `(B, K)`.

    Args:
        frontend: the front-end from `create_frontend`. If you assign another one later (`model.frontend = other`),
            the normalisation is reset and computed again, with `fit_normalization` or from the first batch in
            training mode. The model keeps the sample rate of its waveforms, so a front-end for another rate is
            refused.
        num_classes: K.
        backbone: name of an image model in timm.
        pretrained: load timm's weights from the hub.
        weights: a local file of backbone weights (safetensors or PyTorch) instead of the hub, such as a run's own
            `model.safetensors`. A last layer with another number of classes is replaced, with a warning.
        normalize: "bin" (mean and standard deviation for each channel and bin) or "channel".
        backbone_options: further arguments of `timm.create_model`, such as `drop_rate`.
        stem: changes to the first layers of the backbone; None changes nothing.
        receptive_field: the most bins and frames that a cell of a ResNet's last map may see; kernels become smaller
            from its last convolution on. None keeps them.
        coordinates: further input channels: the position of each bin ("frequency"), of each bin and each frame
            ("both"), or "none".
        test_shifts: in evaluation, the logits are the mean over this number of copies of the clip, rolled in time in
            equal steps; 1 uses the clip itself.

    Raises:
        EscGpuError: for an unknown backbone, one whose stem or kernels cannot be changed in this way, missing
            weights, and weights of another backbone.

    >>> from esc_gpu import WaveformClassifier, create_frontend
    >>> model = WaveformClassifier(create_frontend("logmel", sample_rate=16000), 10, backbone="test_resnet")
    >>> model.train()(torch.randn(2, 16000)).shape
    torch.Size([2, 10])
    """

    normalization: Normalization
    _columns_step: int | None
    start: Mapping[str, Any] | None = None  # the trained model that its weights began with, where there is one

    @refuse_renamed(n_classes="num_classes")
    def __init__(
        self,
        frontend: Frontend,
        num_classes: int,
        backbone: str = "resnet18",
        *,
        pretrained: bool = False,
        weights: str | Path | None = None,
        normalize: str = "bin",
        backbone_options: Mapping[str, Any] | None = None,
        stem: Stem | None = None,
        receptive_field: Sequence[int] | None = None,
        coordinates: str = "none",
        test_shifts: int = 1,
    ):
        super().__init__()
        check_choice("coordinates", coordinates, CHANNELS)
        check_int("test_shifts", test_shifts, 1, MOST_SHIFTS)
        self.normalize = normalize
        self._num_classes = num_classes
        self.frontend = frontend
        self.backbone_name = backbone
        self.backbone_options = dict(backbone_options or {})
        self.stem = stem or Stem()
        self.receptive_field = receptive_field
        self.coordinates = coordinates
        self.test_shifts = test_shifts
        in_chans = frontend.n_channels + CHANNELS[coordinates]
        self.backbone = create_backbone(
            *(backbone, in_chans, num_classes, pretrained, weights, self.backbone_options, self.stem),
            receptive_field,
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "backbone":
            object.__setattr__(self, "_columns_step", None)  # of the one before
        if name == "frontend":
            if "frontend" in self._modules:
                check_replacement(self.frontend, value)
                value.to(self.frontend.precision.device)
            normalization = Normalization(value.n_channels, len(value.frequencies), self.normalize)
            normalization.to(value.precision.device).train(self.training)
            super().__setattr__("normalization", normalization)
        super().__setattr__(name, value)

    @property
    def num_classes(self) -> int:
        """K, as it is after a `reset_classifier` of the backbone, too."""
        return int(getattr(self.backbone, "num_classes", self._num_classes))

    def fit_normalization(
        self,
        waveforms: Tensor | Iterable[Tensor | tuple[Tensor, Tensor]],
        batch_size: int = 32,
        add_up: Callable[[Tensor], Tensor] = lambda sums: sums,
    ) -> None:
        """Compute the normalisation from training clips: `(n, T)`, or an iterable of batches `(B, T)`.

        A batch of unequal clips is a pair: `(B, T)`, and the lengths `(B,)` as of `pad_clips`. `add_up` as in
        `Normalization.fit`.
        """
        batches = waveforms.split(batch_size) if isinstance(waveforms, Tensor) else waveforms
        with torch.no_grad():
            self.normalization.fit((self.counted_features(batch) for batch in batches), add_up)

    def counted_features(self, batch: Tensor | tuple[Tensor, Tensor]) -> Tensor | tuple[Tensor, Tensor]:
        """The features of a batch; of unequal clips, with the number of each one's frames."""
        device = self.frontend.precision.device
        if isinstance(batch, Tensor):
            return self.frontend(batch.to(device))
        waveform, lengths = batch[0].to(device), batch[1]
        return self.frontend(waveform, lengths), self.frontend.n_frames(lengths.to(device))

    def image_shape(self, n_samples: int) -> tuple[int, int, int]:
        """`(C, F, N)` of what the backbone sees of clips of `n_samples`."""
        channels, n_bins, n_frames = self.frontend.output_shape(n_samples)
        return channels + CHANNELS[self.coordinates], n_bins, n_frames

    if TYPE_CHECKING:

        def __call__(
            self, waveform: Tensor, alter: ImageAugmentation | None = None, lengths: Tensor | None = None
        ) -> Tensor: ...

    def forward(
        self, waveform: Tensor, alter: ImageAugmentation | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """`(B, T)` int16 or float → `(B, K)`; `alter` augments the normalised features in training, and only there.

        In float32 where it is a mean over shifts. With `lengths`, as in `Frontend.forward`, the features are those of
        each clip alone, 0 stands behind them once they are normalised, and the backbone takes its mean over the columns
        that are the clip's own.

        Raises:
            EscGpuError: for what the front-end refuses, an augmentation in evaluation mode, and `lengths` for a
                backbone that takes no mean over a map.
        """
        if self.training or self.test_shifts == 1:
            return self.classify(waveform, alter, lengths)
        n_clips, n_samples = waveform.shape[0], waveform.shape[-1]
        if lengths is not None:
            rolled = roll_clips(waveform, checked_lengths(self.frontend, lengths, waveform), self.test_shifts)
        elif is_free(n_samples):  # ONNX rolls by a fixed number only
            rolled = roll_clips(waveform, waveform.new_full((n_clips,), n_samples, dtype=torch.int64), self.test_shifts)
        else:
            step = n_samples // self.test_shifts
            rolled = (waveform.roll(n * step, -1) for n in range(self.test_shifts))
        logits = [self.classify(clips, lengths=lengths).float() for clips in rolled]
        return sum(logits[1:], start=logits[0]) / self.test_shifts

    def classify(
        self, waveform: Tensor, alter: ImageAugmentation | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """`forward` of the waveform as it is."""
        step = None if lengths is None else self.columns_step()
        image = self.image(waveform, alter, lengths)
        with phase("forward"):
            if lengths is None or step is None:
                logits: Tensor = self.backbone(image)
                return logits
            return logits_of_own_frames(self.backbone, image, self.own_frames(lengths), step)

    def own_frames(self, lengths: Tensor) -> Tensor:
        """`(B,)` frames of clips of these lengths, on the model's device."""
        return self.frontend.n_frames(lengths.to(self.frontend.precision.device, torch.int64, non_blocking=True))

    @assumed_constant  # a compiler could not follow how a copy of the backbone is made
    def columns_step(self) -> int:
        """As `columns_step` of the backbone, found once."""
        if self._columns_step is None:
            channels, n_bins = self.frontend.n_channels + CHANNELS[self.coordinates], len(self.frontend.frequencies)
            self._columns_step = columns_step(self.backbone, self.backbone_name, channels, n_bins)
        return self._columns_step

    def image(self, waveform: Tensor, alter: ImageAugmentation | None = None, lengths: Tensor | None = None) -> Tensor:
        """`(B, T)` → what the backbone sees, `(B, C, F, N)`."""
        with phase("front-end"):
            if lengths is None:
                return self.prepare(self.frontend(waveform), alter)
            return self.prepare(self.frontend(waveform, lengths), alter, self.own_frames(lengths))

    def normalized_features(self, waveform: Tensor) -> Tensor:
        """`(B, T)` → the features as they are to be drawn, `(B, C, F, N)`: normalised, without coordinates."""
        return self.normalization(self.frontend(waveform))

    def prepare(
        self, features: Tensor, alter: ImageAugmentation | None = None, n_frames: Tensor | None = None
    ) -> Tensor:
        """Features `(B, C, F, N)` → the same normalised, altered, with coordinates, and laid out for the backbone.

        Behind the `n_frames` `(B,)` of each clip stands 0: what the first convolution pads a clip with.
        """
        image = self.normalization(features, n_frames)
        if alter is not None:
            if not self.training:
                raise EscGpuError(
                    "the model is in evaluation mode, where an augmentation is not allowed: "
                    "leave `alter` out, or call model.train() first"
                )
            image = alter(image)
            image = image if n_frames is None else fill_behind(image, n_frames)
        image = append_coordinates(image, self.coordinates, n_frames)
        dtype = next(self.backbone.parameters()).dtype
        if is_free(image.shape[-1]):  # a layout hangs on the size, and is nothing to a graph
            return image.to(dtype)
        return image.to(dtype).contiguous(memory_format=torch.channels_last)
