"""From a config to a model: what the backbone cannot take is refused before the training."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch
from timm.models.resnet import ResNet

from esc_gpu.errors import EscGpuError
from esc_gpu.training.build_model import build_model
from tests.helpers.one_line import refusal
from tests.helpers.tiny import parsed

SMALL = {"n_fft": 256, "hop_length": 256, "n_mels": 16}


def build(*options):
    return build_model(parsed(*options), 3)


def build_with(**options):
    """A model with a front-end of these options, in Python, where there is no parser to refuse one."""
    frontend = SimpleNamespace(arguments=lambda: {"name": "logmel", **SMALL, **options})
    return build_model(dataclasses.replace(parsed(), frontend=frontend), 3)


def test_a_model_is_built_ready_to_train():
    assert all(part.training for part in build().modules())
    assert all(part.training for part in build("--augment.crop_seconds", "0.5").modules())


def test_every_option_of_the_model_is_the_models():
    model = build(
        *("--model.test_shifts", "3", "--model.coordinates", "both", "--model.normalize", "channel"),
        *("--model.stem_stride", "[1, 2]", "--model.stem_kernel", "[5, 3]", "--model.options", "{drop_rate: 0.25}"),
    )
    first = next(layer for layer in model.backbone.modules() if isinstance(layer, torch.nn.Conv2d))
    assert (first.in_channels, first.stride, first.kernel_size) == (3, (1, 2), (5, 3))  # the image, and where it is
    assert model.test_shifts == 3 and model.backbone.drop_rate == 0.25
    assert (model.normalize, build().normalize) == ("channel", "bin")


@pytest.mark.parametrize("options", [{}, {"sample_rate": 4000}, {"sample_rate": 8000, "input_sample_rate": 8000}])
def test_the_front_end_takes_the_clips_at_their_rate(options):
    assert build_with(**options).frontend.input_rate == 8000


def test_pretrained_weights_are_asked_for(monkeypatch):
    def look(*arguments, pretrained, **options):
        raise EscGpuError(f"pretrained={pretrained}")

    monkeypatch.setattr("esc_gpu.training.build_model.WaveformClassifier", look)
    assert refusal(build, "--model.pretrained", "true") == "pretrained=True"


def test_clips_as_short_as_the_front_end_can_take_are_enough():
    assert build("--data.clip_seconds", str(129 / 8000)).image_shape(129) == (1, 16, 1)
    assert "=0.016 is too short for logmel, which needs 0.016 s" in refusal(build, "--data.clip_seconds", "0.016")


def test_an_order_of_layers_is_needed_for_rates_that_decay_alone(monkeypatch):
    monkeypatch.delattr(ResNet, "group_matcher")
    build("--train.layer_decay", "1")
    assert "train.layer_decay needs the order of the layers" in refusal(build, "--train.layer_decay", "0.5")


def test_a_front_end_for_another_rate_than_the_clips_is_refused():
    with pytest.raises(
        EscGpuError, match="frontend.input_sample_rate is 16000 Hz, the clips are at data.sample_rate=8000"
    ):
        build_with(input_sample_rate=16000)


def test_a_backbone_of_one_size_is_refused_for_crops_of_another():
    vit = ("--model.backbone", "test_vit", "--model.options", "{img_size: [16, 32], dynamic_img_size: false}")
    build(*vit)
    message = refusal(build, *vit, "--augment.crop_seconds", "0.5")
    assert "model.backbone=test_vit cannot take an image of (channels, bins, frames) = (1, 16, 16): " in message


def test_one_clip_at_a_time_is_refused_where_batch_norm_would_get_one_value():
    one_cell = ("--model.backbone", "resnet18", "--data.clip_seconds", "0.5")  # ends with maps of 1 x 1
    build(*one_cell, "--train.batch_size", "2")
    message = refusal(build, *one_cell, "--train.batch_size", "2", "--train.accumulation", "2")
    assert "cannot be trained on one clip at a time, which train.batch_size=2 with train.accumulation=2" in message
    assert "Expected more than 1 value per channel" in message and message.endswith("or lower train.accumulation")


def test_one_clip_at_a_time_leaves_a_backbone_that_can_take_it_as_it_was():
    model = build("--model.backbone", "resnet18", "--data.clip_seconds", "2", "--train.batch_size", "1")
    assert all(part.training for part in model.modules())
    assert model.backbone.bn1.num_batches_tracked == 0
