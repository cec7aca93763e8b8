"""From waveform to class in one module: front-end → normalise → timm backbone."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors
import timm
import torch
from torch import Tensor, nn

from esc_gpu.augment.image import ImageAugmentation
from esc_gpu.core.checks import check_choice, check_int, nearest
from esc_gpu.core.profiling import phase
from esc_gpu.errors import EscGpuError, first_line
from esc_gpu.frontends.base import Float32Module, Frontend
from esc_gpu.model.coordinates import CHANNELS, append_coordinates
from esc_gpu.model.stem import Stem

NORMALIZE = ("bin", "channel")
MOST_SHIFTS = 100
# A file that is no weights fails in as many ways as there are formats.
NO_WEIGHTS = TypeError, ValueError, AttributeError, RuntimeError, EOFError, OSError, safetensors.SafetensorError


class Normalization(Float32Module):
    """Zero mean and unit variance over a training set, for each bin or each channel.

    `mean` and `std`, `(C, F, 1)`, are saved with the model. Without `fit` the first batch seen in
    training mode gives them; in evaluation mode that is an error, since test clips must not.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, n_channels: int, n_bins: int, per: str):
        super().__init__()
        check_choice("normalize", per, NORMALIZE)
        self.dims = (0, 3) if per == "bin" else (0, 2, 3)
        self.fitted = False
        self.register_buffer("mean", torch.zeros(n_channels, n_bins, 1))
        self.register_buffer("std", torch.ones(n_channels, n_bins, 1))

    @torch.no_grad()
    def fit(self, images: Iterable[Tensor], add_up: Callable[[Tensor], Tensor] = lambda sums: sums) -> None:
        """Take the statistics of all `(B, C, F, N)` images, summed up in float64.

        `add_up` gives the sum of what several processes call it with, where each has a part of the images.
        """
        sums = torch.zeros(3, *self.mean.shape, dtype=torch.float64, device=self.mean.device)
        for image in images:
            image = image.double()
            parts = [torch.ones_like(image), image, image.square()]
            sums += torch.stack([part.sum(self.dims, keepdim=True)[0] for part in parts])
        count, total, squares = add_up(sums)
        if not count.all():
            raise EscGpuError("the normalisation needs at least one training clip, got none")
        mean = total / count
        variance = squares / count - mean.square()
        if not (mean.isfinite().all() and variance.isfinite().all()):
            raise EscGpuError("the training clips' features are not finite: look for NaN or Inf among their samples")
        # A bin that never changes carries nothing: its floor keeps it from being blown up. It is its channel's, since
        # the members of a stack have each their own unit.
        std = variance.clamp_min(0).sqrt()
        std = std.maximum(1e-2 * std.mean(dim=1, keepdim=True)).clamp_min(1e-6)
        self.mean.copy_(mean.expand_as(self.mean))
        self.std.copy_(std.expand_as(self.std))
        self.fitted = True

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *arguments: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *arguments)
        if prefix + "mean" in state_dict:  # those of a model that was never fitted are 0 and 1
            self.fitted = bool(self.mean.any() or (self.std != 1).any())

    if TYPE_CHECKING:

        def __call__(self, image: Tensor) -> Tensor: ...

    def forward(self, image: Tensor) -> Tensor:
        if not self.fitted:
            if not self.training:
                raise EscGpuError(
                    "the front-end has no normalisation statistics yet: "
                    "call model.fit_normalization(waveforms) with training clips first"
                )
            self.fit([image.detach()])
        return (image - self.mean) / self.std


class WaveformClassifier(nn.Module):
    """Waveform `(B, T)` → logits `(B, K)`.

    Args:
        frontend: the features, from `create_frontend`. Assigning another one later
            (`model.frontend = other`) resets the normalisation, which is then derived anew: by
            `fit_normalization`, or from the first batch in training mode.
        n_classes: K.
        backbone: any image model of timm, by name.
        pretrained: take timm's weights from the hub.
        weights: a local file of backbone weights (safetensors or PyTorch) instead of the hub.
        normalize: "bin" (each channel and bin its own mean and standard deviation) or "channel".
        backbone_options: further arguments of `timm.create_model`, such as `drop_rate`.
        stem: what is changed at the backbone's beginning; None leaves it as it is.
        coordinates: input channels besides the features': the position of each bin ("frequency"), of each bin and
            of each frame ("both"), or "none".
        test_shifts: in evaluation the logits are the mean over the clip rolled in time by so many even steps; 1 takes
            it as it is.

    Raises:
        EscGpuError: for an unknown backbone, one whose stem cannot be changed so, or weights that are not there.
    """

    normalization: Normalization

    def __init__(
        self,
        frontend: Frontend,
        n_classes: int,
        backbone: str = "resnet18",
        *,
        pretrained: bool = False,
        weights: str | Path | None = None,
        normalize: str = "bin",
        backbone_options: Mapping[str, Any] | None = None,
        stem: Stem | None = None,
        coordinates: str = "none",
        test_shifts: int = 1,
    ):
        super().__init__()
        check_choice("coordinates", coordinates, CHANNELS)
        check_int("test_shifts", test_shifts, 1, MOST_SHIFTS)
        self.normalize = normalize
        self.n_classes = n_classes
        self.frontend = frontend
        self.backbone_name = backbone
        self.backbone_options = dict(backbone_options or {})
        self.stem = stem or Stem()
        self.coordinates = coordinates
        self.test_shifts = test_shifts
        in_chans = frontend.n_channels + CHANNELS[coordinates]
        self.backbone = create_backbone(
            backbone, in_chans, n_classes, pretrained, weights, self.backbone_options, self.stem
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "frontend":
            previous = self._modules.get("frontend")
            if previous is not None and previous.n_channels != value.n_channels:
                raise EscGpuError(
                    f"the backbone takes {previous.n_channels} channel(s) of features, {value.name} gives "
                    f"{value.n_channels}: swap in a front-end (or a Stack) of as many, or build a new "
                    "WaveformClassifier"
                )
            if previous is not None:
                value.to(previous.precision.device)
            normalization = Normalization(value.n_channels, len(value.frequencies), self.normalize)
            normalization.to(value.precision.device).train(self.training)
            super().__setattr__("normalization", normalization)
        super().__setattr__(name, value)

    def fit_normalization(
        self,
        waveforms: Tensor | Iterable[Tensor],
        batch_size: int = 32,
        add_up: Callable[[Tensor], Tensor] = lambda sums: sums,
    ) -> None:
        """Derive the normalisation from training clips: `(n, T)`, or an iterable of batches `(B, T)`.

        `add_up` as in `Normalization.fit`.
        """
        batches = waveforms.split(batch_size) if isinstance(waveforms, Tensor) else waveforms
        device = self.frontend.precision.device
        with torch.no_grad():
            self.normalization.fit((self.frontend(batch.to(device)) for batch in batches), add_up)

    def image_shape(self, n_samples: int) -> tuple[int, int, int]:
        """`(C, F, N)` of what the backbone sees of clips of `n_samples`."""
        channels, n_bins, n_frames = self.frontend.output_shape(n_samples)
        return channels + CHANNELS[self.coordinates], n_bins, n_frames

    if TYPE_CHECKING:

        def __call__(self, waveform: Tensor, alter: ImageAugmentation | None = None) -> Tensor: ...

    def forward(self, waveform: Tensor, alter: ImageAugmentation | None = None) -> Tensor:
        """`(B, T)` int16 or float → `(B, K)`; `alter` augments the normalised features in training, and only there.

        In float32 where it is a mean over shifts.
        """
        if self.training or self.test_shifts == 1:
            return self.classify(waveform, alter)
        step = waveform.shape[-1] // self.test_shifts
        logits = [self.classify(waveform.roll(n * step, -1)).float() for n in range(self.test_shifts)]
        return sum(logits[1:], start=logits[0]) / self.test_shifts

    def classify(self, waveform: Tensor, alter: ImageAugmentation | None = None) -> Tensor:
        """`forward` of the waveform as it is."""
        image = self.image(waveform, alter)
        with phase("forward"):
            logits: Tensor = self.backbone(image)
        return logits

    def image(self, waveform: Tensor, alter: ImageAugmentation | None = None) -> Tensor:
        """`(B, T)` → what the backbone sees, `(B, C, F, N)`."""
        with phase("front-end"):
            return self.prepare(self.frontend(waveform), alter)

    def normalized_features(self, waveform: Tensor) -> Tensor:
        """`(B, T)` → the features as they are to be drawn, `(B, C, F, N)`: normalised, without coordinates."""
        return self.normalization(self.frontend(waveform))

    def prepare(self, features: Tensor, alter: ImageAugmentation | None = None) -> Tensor:
        """Features `(B, C, F, N)` → the same normalised, altered, with coordinates, and laid out for the backbone."""
        image = self.normalization(features)
        if alter is not None:
            if not self.training:
                raise EscGpuError(
                    "the model is in evaluation mode and was given an augmentation, by which no result may be made: "
                    "leave `alter` out, or call model.train() first"
                )
            image = alter(image)
        image = append_coordinates(image, self.coordinates)
        dtype = next(self.backbone.parameters()).dtype
        return image.to(dtype).contiguous(memory_format=torch.channels_last)


def to_evaluation(model: nn.Module) -> None:
    """Put a model into evaluation mode.

    Raises:
        EscGpuError: for a part that stays in training mode: it would drop out, or learn from what is tested on.
    """
    model.eval()
    name = next((name for name, part in model.named_modules() if part.training), None)
    if name is not None:
        raise EscGpuError(
            f"the model's part {name or type(model).__name__!r} stays in training mode where it is to be evaluated: "
            "have its train(mode) call super().train(mode)"
        )


def create_backbone(
    name: str,
    in_chans: int,
    n_classes: int,
    pretrained: bool,
    weights: str | Path | None,
    options: Mapping[str, Any],
    stem: Stem,
) -> nn.Module:
    """timm's model `name` for `in_chans` channels and `n_classes` classes with its stem changed, in channels_last."""
    if not timm.is_model(name):
        raise EscGpuError(
            f"model.backbone: timm has no model {name!r}{nearest(name, timm.list_models())}; "
            "timm.list_models() names them all"
        )
    if stem.kernel is not None and (pretrained or weights is not None or "checkpoint_path" in options):
        raise EscGpuError(
            "model.stem_kernel makes the first convolution anew, and pretrained weights are of the size that it had: "
            "leave it null, or train from scratch"
        )
    overlay = None
    if weights is not None:
        if not Path(weights).is_file():
            raise EscGpuError(f"model.weights: there is no file {weights}")
        overlay = {"file": str(weights)}
    try:
        model = timm.create_model(
            name,
            pretrained=pretrained or weights is not None,
            pretrained_cfg_overlay=overlay,
            in_chans=in_chans,
            num_classes=n_classes,
            **options,
        )
    except NO_WEIGHTS as error:
        reason = first_line(error)
        raise EscGpuError(f"timm could not make {name!r} with these weights and options: {reason}") from error
    stem.change(model, name)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # torch's types lack it
