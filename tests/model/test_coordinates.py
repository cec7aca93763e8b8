"""Channels that say where a bin and a frame are, behind the features."""

import pytest
import safetensors.torch
import timm
import torch

from esc_gpu import EscGpuError, WaveformClassifier, create_frontend
from esc_gpu.model.coordinates import CHANNELS, append_coordinates

RATE = 8000


def logmel():
    return create_frontend("logmel", sample_rate=RATE, n_fft=256, hop_length=256, n_mels=16)


def make(coordinates, frontend=None, **options):
    torch.manual_seed(0)
    return WaveformClassifier(frontend or logmel(), 3, "test_resnet", coordinates=coordinates, **options)


@pytest.fixture
def waveform():
    return 0.1 * torch.randn(4, RATE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_positions_rise_evenly_from_minus_1_to_1(dtype):
    image = torch.randn(2, 3, 5, 9, dtype=dtype)
    out = append_coordinates(image, "both")
    assert out.shape == (2, 5, 5, 9) and out.dtype == dtype and torch.equal(out[:, :3], image)
    expected = torch.empty(2, 5, 9, dtype=dtype)
    for row in range(5):
        for column in range(9):
            expected[:, row, column] = torch.tensor([-1 + row / 2, -1 + column / 4])
    assert torch.equal(out[0, 3:], expected) and torch.equal(out[1, 3:], expected)
    assert torch.equal(append_coordinates(image, "frequency"), out[:, :4])
    assert append_coordinates(image, "none") is image


@pytest.mark.parametrize(("coordinates", "added"), CHANNELS.items())
def test_the_backbone_takes_them_too(waveform, coordinates, added):
    stack = create_frontend("stack", sample_rate=RATE, members=[logmel(), logmel()])
    for frontend, channels in (logmel(), 1), (stack, 2):
        model = make(coordinates, frontend)
        model.fit_normalization(waveform)
        assert model.backbone.conv1[0].in_channels == channels + added
        assert model.image(waveform).shape[1:] == model.image_shape(RATE) == (channels + added, 16, 32)
        assert model(waveform).shape == (4, 3)
        assert model.normalization.mean.shape[0] == channels  # they are not normalised


def test_what_is_prepared_from_features_has_them(waveform):
    model = make("both")
    model.fit_normalization(waveform)
    features = model.frontend(waveform)
    image = model.prepare(features)
    assert torch.equal(image, append_coordinates(model.normalization(features), "both"))
    assert image.is_contiguous(memory_format=torch.channels_last)
    assert model.bfloat16().prepare(features).dtype == torch.bfloat16


def test_a_convolution_can_tell_a_pitch_by_them():
    """Features moved up by some bins give the same logits to global pooling, but not with the bins' positions."""
    image = torch.zeros(2, 1, 64, 64)
    image[0, 0, 16:32, 24:40] = image[1, 0, 24:40, 24:40] = torch.randn(16, 16)
    for coordinates, differ in ("none", False), ("frequency", True):
        torch.manual_seed(0)
        layer = torch.nn.Conv2d(1 + CHANNELS[coordinates], 8, 3, padding=1)
        pooled = layer(append_coordinates(image, coordinates)).relu().mean((2, 3))
        assert torch.allclose(pooled[0], pooled[1], rtol=0, atol=1e-5) is not differ


@pytest.mark.parametrize("coordinates", CHANNELS)
def test_a_front_end_of_as_many_channels_takes_the_place_of_another(waveform, coordinates):
    model = make(coordinates)
    model.frontend = create_frontend("cqt", sample_rate=RATE, hop_length=256, fmin=200, n_bins=24)
    model.fit_normalization(waveform)
    assert model.image(waveform).shape == (4, 1 + CHANNELS[coordinates], 24, 32) and model(waveform).shape == (4, 3)
    stack = create_frontend("stack", sample_rate=RATE, members=[logmel(), logmel()])
    with pytest.raises(EscGpuError, match=r"takes 1 channel\(s\) of features, stack gives 2: "):
        model.frontend = stack


@pytest.mark.parametrize("coordinates", ["frequency", "both"])
def test_pretrained_weights_are_adapted(tmp_path, coordinates):
    donor = timm.create_model("test_resnet")
    safetensors.torch.save_file(donor.state_dict(), tmp_path / "weights.safetensors")
    backbone = make(coordinates, weights=tmp_path / "weights.safetensors").backbone
    assert torch.equal(backbone.layer1[0].conv1.weight, donor.layer1[0].conv1.weight)
    kernel = donor.conv1[0].weight
    expected = kernel[:, : backbone.conv1[0].in_channels] * 3 / backbone.conv1[0].in_channels  # timm's way
    torch.testing.assert_close(backbone.conv1[0].weight, expected)


def test_other_words_are_refused():
    with pytest.raises(EscGpuError, match="coordinates must be one of none, frequency, both, got 'frequncy'; did you"):
        make("frequncy")
