"""From a run's config to its model."""

import torch

from esc_gpu.config import RunConfig
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends import create_frontend
from esc_gpu.model import WaveformClassifier


def build_model(config: RunConfig, n_classes: int) -> WaveformClassifier:
    """Front-end and backbone of the config.

    Raises:
        EscGpuError: for options that do not fit each other, the clips or the backbone.
    """
    rate = config.data.sample_rate
    options = {"sample_rate": rate, **config.frontend.arguments()}
    if options["sample_rate"] != rate:
        options["input_sample_rate"] = rate
    frontend = create_frontend(**options)
    n_samples = round(rate * config.data.clip_seconds)
    if n_samples < frontend.min_samples:
        raise EscGpuError(
            f"data.clip_seconds={config.data.clip_seconds:g} is too short for {frontend.name}, which needs "
            f"{frontend.min_samples / frontend.input_rate:.3f} s: take longer clips or shorter windows"
        )
    model = WaveformClassifier(
        frontend,
        n_classes,
        config.model.backbone,
        pretrained=config.model.pretrained,
        weights=config.model.weights,
        normalize=config.model.normalize,
        backbone_options=config.model.options,
    )
    check_backbone(model, frontend.output_shape(n_samples))
    return model


def check_backbone(model: WaveformClassifier, shape: tuple[int, int, int]) -> None:
    """Refuse a backbone that cannot take an image of `shape` `(C, F, N)`."""
    try:
        with torch.no_grad():
            model.backbone.eval()(torch.zeros(1, *shape))
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise EscGpuError(
            f"model.backbone={model.backbone_name} cannot take an image of (channels, bins, frames) = {shape}: "
            f"{reason}; set what it needs in model.options, or choose another backbone"
        ) from error
    model.backbone.train()
