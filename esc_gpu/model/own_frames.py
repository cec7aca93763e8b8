"""Logits of clips of unequal length: a backbone's mean over the columns that are a clip's own."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.unequal import fill_behind
from esc_gpu.model.head import at_least_float32

# So wide an image of which nothing is computed: wide enough to tell the largest steps apart.
PROBED_FRAMES = 2**20
# What refuses an image of another size than it is made for, in timm and in torch.
WRONG_SIZE = (AssertionError, RuntimeError)


def columns_step(backbone: nn.Module, name: str, in_chans: int, n_bins: int) -> int:
    """Frames between the columns of the map `(B, C, H, W)` of which a backbone of timm, called `name`, takes the mean.

    A copy on the device without data says so: nothing is computed, and no weight is read.

    Raises:
        EscGpuError: for a backbone whose logits are not those of a mean over a map.
    """
    pools = [part for part in backbone.modules() if hasattr(part, "pool_type")]
    is_mean = [getattr(pool, "pool_type", None) in ("avg", "fast", "fastavg") for pool in pools] == [True]
    shape: tuple[int, ...] = ()
    if is_mean and hasattr(backbone, "forward_features"):
        probe: Any = copy.deepcopy(backbone).to("meta").eval()
        try:
            with torch.no_grad():
                image = torch.empty(1, in_chans, n_bins, PROBED_FRAMES, device="meta", dtype=dtype_of(probe))
                shape = tuple(probe.forward_features(image).shape)
        except WRONG_SIZE:
            shape = ()
    if len(shape) != 4 or shape[1] != getattr(backbone, "num_features", None):
        raise EscGpuError(
            f"{name} takes no lengths: its logits are not those of a mean over a map of frames, of which a clip's own "
            "could be taken; leave lengths out, or choose a ResNet, a ConvNeXt or an EfficientNet"
        )
    return round(PROBED_FRAMES / shape[-1])


def dtype_of(backbone: nn.Module) -> torch.dtype:
    """That of its weights."""
    return next(backbone.parameters()).dtype


def logits_of_own_frames(backbone: Any, image: Tensor, n_frames: Tensor, step: int) -> Tensor:
    """`(B, C, F, N)`, of each clip `n_frames` `(B,)`, with a column of the map for each `step` of them → `(B, K)`."""
    features = backbone.forward_features(image)
    n_columns = ((n_frames + step - 1) // step).clamp(1, features.shape[-1])
    total = at_least_float32(fill_behind(features, n_columns)).sum(dim=(2, 3), keepdim=True)
    mean = total / (features.shape[2] * n_columns).view(-1, 1, 1, 1)
    logits: Tensor = backbone.forward_head(mean.to(features.dtype))  # the mean over one column is itself
    return logits
