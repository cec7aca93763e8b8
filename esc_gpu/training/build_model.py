"""From a run's config to its model."""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from esc_gpu.config.schema import RunConfig, TrainConfig, training_samples
from esc_gpu.core.clip import clip_samples
from esc_gpu.core.folds import Fold
from esc_gpu.errors import EscGpuError, first_line
from esc_gpu.frontends.registry import create_frontend
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.model.depth import layer_scales
from esc_gpu.model.stem import Stem
from esc_gpu.model.trained_start import find_start
from esc_gpu.training.freezing import freeze, frozen_names, keep_frozen


def build_model(
    config: RunConfig, num_classes: int, fold: Fold | None = None, class_names: Sequence[str] = ()
) -> WaveformClassifier:
    """Front-end and backbone of the config.

    Args:
        config: of the run.
        num_classes: K.
        fold: that is to be trained, for which a run that the training starts from may have a model.
        class_names: of the K classes; the last layer of a model that was trained on others is not kept.

    Raises:
        EscGpuError: for options that do not fit each other, the clips or the backbone.
    """
    rate = config.data.sample_rate
    options = {"sample_rate": rate, **config.frontend.arguments()}
    if options["sample_rate"] != rate:
        options["input_sample_rate"] = rate
    frontend = create_frontend(**options)
    if frontend.input_rate != rate:
        raise EscGpuError(
            f"frontend.input_sample_rate is {frontend.input_rate} Hz, the clips are at data.sample_rate={rate}: "
            "remove it, because the rate of the clips is used"
        )
    if training_samples(config) < frontend.min_samples:
        crop, clip = config.augment.crop_seconds, config.data.clip_seconds
        raise EscGpuError(
            f"{f'augment.crop_seconds={crop:g}' if crop else f'data.clip_seconds={clip:g}'} is too short for "
            f"{frontend.name}, which needs {frontend.min_samples / frontend.input_rate:.3f} s: "
            "use longer clips or shorter windows"
        )
    start = None if config.model.weights is None else find_start(config.model.weights, fold)
    model = WaveformClassifier(
        frontend,
        num_classes,
        config.model.backbone,
        pretrained=config.model.pretrained,
        weights=None if start is None else start.file,
        normalize=config.model.normalize,
        backbone_options=config.model.options,
        stem=Stem(config.model.stem_stride, config.model.stem_kernel, config.model.stem_pool),
        receptive_field=config.model.receptive_field,
        coordinates=config.model.coordinates,
        test_shifts=config.model.test_shifts,
    )
    if start is not None:
        start.give(model, class_names)
    check_learning(model, config.train)
    seen = model.image_shape(training_samples(config))
    for shape in dict.fromkeys((seen, model.image_shape(clip_samples(rate, config.data.clip_seconds)))):
        try_image(
            model.backbone.eval(),
            shape,
            f"model.backbone={model.backbone_name} cannot take an image of (channels, bins, frames) = {shape}",
            "set what it needs in model.options, or choose another backbone",
        )
    if config.train.batch_size == config.train.accumulation:  # batch norm may need more than the values of one clip
        try_image(
            learning_backbone(model, config.train),
            seen,
            f"model.backbone={model.backbone_name} cannot be trained on one clip at a time, which train.batch_size="
            f"{config.train.batch_size} with train.accumulation={config.train.accumulation} gives it",
            "raise train.batch_size, or lower train.accumulation",
        )
    model.backbone.train()
    return model


def check_learning(model: WaveformClassifier, train: TrainConfig) -> None:
    """Refuse what of the training needs an order of the backbone's layers that there is not, or more stages."""
    frozen_names(model, train.freeze, train.frozen_stages)
    if train.layer_decay != 1:
        layer_scales(model.backbone, model.backbone_name, train.layer_decay)


def learning_backbone(model: WaveformClassifier, train: TrainConfig) -> nn.Module:
    """A copy of the backbone as it is in a step of the training."""
    trial = copy.deepcopy(model)
    frozen = freeze(trial, train.freeze, train.frozen_stages)
    trial.train()
    keep_frozen(frozen)
    return trial.backbone


@torch.no_grad()
def try_image(backbone: nn.Module, shape: tuple[int, int, int], problem: str, advice: str) -> None:
    """Refuse a backbone that fails on an image of `shape` `(C, F, N)`."""
    try:
        backbone(torch.zeros(1, *shape))
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = first_line(error)
        raise EscGpuError(f"{problem}: {reason}; {advice}") from error
