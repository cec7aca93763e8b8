"""How much of the image a cell of the last map sees: by hand, by gradients, and limited; what cannot be is refused."""

import json

import pytest
import timm
import torch
from torch import nn

from esc_gpu import EscGpuError, WaveformClassifier, create_frontend
from esc_gpu.model import checkpoint
from esc_gpu.model.receptive_field import limit_receptive_field, receptive_field

RATE = 8000


def resnet18(limit=None):
    """With few channels, which take little time to be drawn."""
    backbone = timm.create_model("resnet18", in_chans=1, num_classes=3, stem_width=8, channels=(4, 6, 8, 64))
    if limit is not None:
        limit_receptive_field(backbone, "resnet18", limit)
    return backbone


def kernels(backbone):
    """Of the convolutions in the blocks, without the shortcuts'."""
    stages = (backbone.layer1, backbone.layer2, backbone.layer3, backbone.layer4)
    return [conv.kernel_size for stage in stages for block in stage for conv in (block.conv1, block.conv2)]


def test_of_resnet18_it_is_435():
    """7, and 2 · 2 of the pooling, 4 · 8 of the first stage, 8 + 3 · 16, 16 + 3 · 32 and 32 + 3 · 64."""
    assert receptive_field(resnet18()) == (7 + 4 + 32 + 56 + 112 + 224,) * 2


@pytest.mark.parametrize(
    ("limit", "field", "n_small"),
    [((435, 435), 435, 0), ((434, 434), 371, 1), ((147, 147), 147, 6), ((100, 130), 99, 9), ((67, 67), 67, 13)],
)
def test_kernels_become_1_from_the_last_one_on_until_it_is_kept(limit, field, n_small):
    """Those with a stride keep 3: numbers 4, 8 and 12 of the 16."""
    backbone = resnet18(limit)
    assert receptive_field(backbone)[0] == field
    without_stride = [kernel for number, kernel in enumerate(kernels(backbone)) if number not in (4, 8, 12)]
    assert [kernel[0] for kernel in without_stride] == [3] * (13 - n_small) + [1] * n_small
    assert all(kernels(backbone)[number] == (3, 3) for number in (4, 8, 12))


def test_bins_and_frames_have_limits_of_their_own():
    backbone = resnet18((99, 371))
    assert receptive_field(backbone) == (99, 371)
    assert kernels(backbone)[-2:] == [(1, 3), (1, 1)]


def test_new_kernels_are_as_timm_makes_them_and_the_map_keeps_its_size():
    torch.manual_seed(0)
    backbone, plain = resnet18((67, 67)), resnet18()
    weight = backbone.layer4[1].conv2.weight
    assert weight.shape == (64, 64, 1, 1) and weight.std().item() == pytest.approx((2 / 64) ** 0.5, rel=0.05)
    image = torch.zeros(1, 1, 65, 43)
    assert backbone.forward_features(image).shape == plain.forward_features(image).shape


@pytest.mark.parametrize("limit", [(80, 130), (10_000, 10_000)])
def test_gradients_of_one_cell_reach_so_far_and_no_further(limit):
    backbone = timm.create_model("test_resnet", in_chans=1, num_classes=3).double().eval()
    limit_receptive_field(backbone, "test_resnet", limit)
    field = receptive_field(backbone)
    backbone.maxpool = nn.AvgPool2d(3, 2, 1)  # a maximum has a gradient at one cell only
    for layer in backbone.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.ones_(layer.weight)  # nothing cancels, and no ReLU is closed
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)  # some begin with 0
    image = torch.ones(1, 1, 256, 256, dtype=torch.float64, requires_grad=True)
    maps = backbone.forward_features(image)
    maps[0, 0, maps.shape[2] // 2, maps.shape[3] // 2].backward()
    seen = image.grad[0, 0] != 0
    assert (int(seen.any(dim=1).sum()), int(seen.any(dim=0).sum())) == field


@pytest.mark.parametrize(
    ("backbone", "limit", "message"),
    [
        ("resnet18", (66, 99), r"is too small for resnet18, whose stem and strides alone see \[67, 99\]: raise it"),
        ("resnet18", (99,), r"is \[bins, frames\], two whole numbers from 1 to 10,000, or null, got \(99,\)"),
        ("resnet18", (99, True), "two whole numbers"),
        ("seresnet18", (99, 99), "without attention, anti-aliasing and dilations, which seresnet18 is not"),
        ("resnetblur18", (99, 99), "which resnetblur18 is not"),
        ("test_convnext", (99, 99), "which test_convnext is not: leave it null"),
    ],
)
def test_what_cannot_be_is_refused(backbone, limit, message):
    few = {"stem_width": 8, "channels": (4, 4, 4, 4)} if "resnet" in backbone else {}
    with pytest.raises(EscGpuError, match=message):
        limit_receptive_field(timm.create_model(backbone, **few), backbone, limit)


def test_dilations_are_refused():
    with pytest.raises(EscGpuError, match="without attention, anti-aliasing and dilations, which a_name is not"):
        limit_receptive_field(timm.create_model("test_resnet", output_stride=16), "a_name", (500, 500))


def test_pretrained_weights_are_refused(tmp_path):
    frontend = create_frontend("logmel", sample_rate=RATE)
    for options in ({"pretrained": True}, {"weights": tmp_path / "w.safetensors"}):
        with pytest.raises(EscGpuError, match="model.receptive_field replaces convolutions"):
            WaveformClassifier(frontend, 3, "test_resnet", receptive_field=(80, 130), **options)


def test_a_limited_model_is_saved_and_loaded(tmp_path):
    torch.manual_seed(0)
    frontend = create_frontend("logmel", sample_rate=RATE, n_fft=256, hop_length=128, n_mels=32)
    model = WaveformClassifier(frontend, 3, "test_resnet", receptive_field=(80, 130), coordinates="both")
    model.fit_normalization(torch.randn(2, RATE))
    checkpoint.save(tmp_path, model, ["a", "b", "c"], clip_seconds=1.0)
    assert json.loads((tmp_path / "pipeline.json").read_text(encoding="utf-8"))["receptive_field"] == [80, 130]
    waveform = torch.randn(2, RATE)
    loaded = checkpoint.load(tmp_path)
    assert torch.equal(loaded(waveform), model.eval()(waveform))
    assert receptive_field(loaded.backbone) == receptive_field(model.backbone)
