"""The backbone: an image model of timm, made for features."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors
import timm
import torch
from torch import nn

from esc_gpu.core.checks import nearest
from esc_gpu.core.files import check_there
from esc_gpu.errors import EscGpuError, first_line
from esc_gpu.model.head import keep_head_in_float32
from esc_gpu.model.receptive_field import limit_receptive_field
from esc_gpu.model.stem import Stem
from esc_gpu.model.weights import by_own_names, create_with_weights

# A file that is no weights fails in as many ways as there are formats; timm asserts what options must be.
NO_WEIGHTS = (
    *(TypeError, ValueError, AttributeError, RuntimeError, EOFError, OSError, safetensors.SafetensorError),
    *(AssertionError, LookupError, pickle.UnpicklingError),
)


def create_backbone(
    name: str,
    in_chans: int,
    num_classes: int,
    pretrained: bool,
    weights: str | Path | None,
    options: Mapping[str, Any],
    stem: Stem,
    receptive_field: Sequence[int] | None = None,
) -> nn.Module:
    """timm's model `name` for `in_chans` channels and `num_classes` classes with its stem changed, in channels_last.

    `receptive_field` is the most (bins, frames) that a cell of its last map is to see; None keeps its kernels.
    """
    if not timm.is_model(name):
        raise EscGpuError(
            f"model.backbone: timm has no model {name!r}{nearest(name, timm.list_models())}; "
            "timm.list_models() lists all models"
        )
    is_trained = pretrained or weights is not None or "checkpoint_path" in options
    if stem.kernel is not None and is_trained:
        raise EscGpuError(
            "model.stem_kernel replaces the first convolution, but pretrained weights have the size of the old one: "
            "leave it null, or train from scratch"
        )
    if receptive_field is not None and is_trained:
        raise EscGpuError(
            "model.receptive_field replaces convolutions, but pretrained weights have the sizes of the old ones: leave "
            "it null, or train from scratch"
        )
    if "checkpoint_path" in options and (pretrained or weights is not None):
        raise EscGpuError(
            "model.options names weights by checkpoint_path, and model.pretrained or model.weights names others: leave "
            "out all but one"
        )

    def make(overlay: dict[str, Any] | None, from_hub: bool = False) -> Any:
        return timm.create_model(
            name,
            pretrained=from_hub or overlay is not None,
            pretrained_cfg_overlay=overlay,
            in_chans=in_chans,
            num_classes=num_classes,
            **options,
        )

    try:
        if weights is None:
            model = make(None, pretrained)
        else:
            check_there("model.weights", weights)
            try:
                content = timm.models.load_state_dict(str(weights))
            except AttributeError as error:  # of timm, where the file holds a list or a number
                raise TypeError("the file holds no weights by name") from error
            state = by_own_names(content)
            model = create_with_weights(make, weights, state, name)
    except EscGpuError:
        raise
    except NO_WEIGHTS as error:
        reason = first_line(error)
        raise EscGpuError(f"timm could not make {name!r} with these weights and options: {reason}") from error
    stem.change(model, name)
    if receptive_field is not None:
        limit_receptive_field(model, name, receptive_field)
    keep_head_in_float32(model)
    return model.to(memory_format=torch.channels_last)  # which the types of torch 2.11 lack
