"""The normalisation of features by the statistics of the training clips."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from esc_gpu.core.checks import check_choice
from esc_gpu.core.device import float64_device
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.float32_module import Float32Module
from esc_gpu.frontends.unequal import fill_behind

NORMALIZE = ("bin", "channel")
Counted = Tensor | tuple[Tensor, Tensor]


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
        self.register_buffer("mean", torch.zeros(n_channels, n_bins, 1, device="cpu"))
        self.register_buffer("std", torch.ones(n_channels, n_bins, 1, device="cpu"))

    @torch.no_grad()
    def fit(self, images: Iterable[Counted], add_up: Callable[[Tensor], Tensor] = lambda sums: sums) -> None:
        """Take the statistics of all `(B, C, F, N)` images, summed up in float64.

        An image may be a pair: itself, and the number of frames `(B,)` of each clip that count.

        The sums are on the images' device, so that nothing waits for a GPU; where it may have no float64, the images
        are copied to the CPU and summed up there, which gives the same statistics.
        `add_up` gives the sum of what several processes call it with, where each has a part of the images.
        """
        device = float64_device(self.mean.device)
        sums = torch.zeros(3, *self.mean.shape, dtype=torch.float64, device=device)
        for image in images:
            image, n_frames = image if isinstance(image, tuple) else (image, None)
            image = image.to(device).double()
            parts = [torch.ones_like(image), image, image.square()]
            if n_frames is not None:
                parts = [fill_behind(part, n_frames.to(device)) for part in parts]
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

        def __call__(self, image: Tensor, n_frames: Tensor | None = None) -> Tensor: ...

    def forward(self, image: Tensor, n_frames: Tensor | None = None) -> Tensor:
        """`(B, C, F, N)` → the same normalised; 0 behind the `n_frames` `(B,)` of each clip, where they are told."""
        if not self.fitted:
            if not self.training:
                raise EscGpuError(
                    "the front-end has no normalisation statistics yet: "
                    "call model.fit_normalization(waveforms) with training clips first"
                )
            self.fit([image.detach() if n_frames is None else (image.detach(), n_frames)])
        normalized = (image - self.mean) / self.std
        return normalized if n_frames is None else fill_behind(normalized, n_frames)
