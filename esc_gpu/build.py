"""From a run's config to its model."""

import torch

from esc_gpu.augmentation import training_samples
from esc_gpu.config import RunConfig
from esc_gpu.data.decode import clip_samples
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends import create_frontend
from esc_gpu.model import WaveformClassifier
from esc_gpu.stem import Stem


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
    if training_samples(config) < frontend.min_samples:
        crop, clip = config.augment.crop_seconds, config.data.clip_seconds
        raise EscGpuError(
            f"{f'augment.crop_seconds={crop:g}' if crop else f'data.clip_seconds={clip:g}'} is too short for "
            f"{frontend.name}, which needs {frontend.min_samples / frontend.input_rate:.3f} s: "
            "take longer clips or shorter windows"
        )
    model = WaveformClassifier(
        frontend,
        n_classes,
        config.model.backbone,
        pretrained=config.model.pretrained,
        weights=config.model.weights,
        normalize=config.model.normalize,
        backbone_options=config.model.options,
        stem=Stem(config.model.stem_stride, config.model.stem_kernel, config.model.stem_pool),
        coordinates=config.model.coordinates,
        test_shifts=config.model.test_shifts,
    )
    check_backbone(model, model.image_shape(clip_samples(rate, config.data.clip_seconds)))
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
