"""Embeddings and Grad-CAM: against their equations, and what they must not change."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from esc_gpu import EscGpuError, WaveformClassifier, create_frontend
from esc_gpu.model.explain import embed, embed_and_classify, grad_cam, map_cells

RATE = 8000
SQUARE = 63 * 64  # samples of a clip of 64 frames, as many as bins


def make_model(backbone="test_resnet"):
    torch.manual_seed(0)
    frontend = create_frontend("logmel", sample_rate=RATE, n_fft=256, hop_length=64, n_mels=64)
    options = {"img_size": 64} if backbone == "test_vit" else {}
    model = WaveformClassifier(frontend, 3, backbone, backbone_options=options)
    model.fit_normalization(noise(8))
    return model.eval()


def noise(n_clips, n_samples=RATE, seed=1):
    return 0.1 * torch.randn(n_clips, n_samples, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def model():
    return make_model()


class Corners(nn.Module):
    """A backbone whose class k is driven by corner k of the image alone, class 2 by nothing but less of corner 0."""

    num_features = 2

    def __init__(self, height=4, width=6):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("corners", torch.zeros(2, height, width))
        self.corners[0, 0, 0] = self.corners[1, -1, -1] = 1
        self.register_buffer("weight", torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]))

    def forward_features(self, image):
        pooled = F.adaptive_avg_pool2d(image.abs(), self.corners.shape[1:])
        return self.scale * pooled * self.corners

    def forward_head(self, maps, pre_logits=False):
        pooled = maps.mean(dim=(2, 3))
        return pooled if pre_logits else pooled @ self.weight.T

    def forward(self, image):
        return self.forward_head(self.forward_features(image))


@pytest.mark.parametrize(("label", "peak"), [(0, (0, 0)), (1, (-1, -1))])
def test_grad_cam_peaks_at_the_corner_that_drives_the_logit(label, peak):
    model = make_model()
    model.backbone = Corners()
    (heat,) = grad_cam(model, noise(1), [label])
    assert heat[peak] == heat.max() == 1
    far = heat.flip(0, 1)[peak]  # the opposite corner
    assert far == 0 and (heat > 0).float().mean() < 0.25


def test_grad_cam_is_zero_where_nothing_speaks_for_the_class():
    model = make_model()
    model.backbone = Corners()
    assert not grad_cam(model, noise(2), [2, 2]).any()


def test_grad_cam_of_average_pooling_is_the_classifier_applied_to_the_maps(model):
    # Global average pooling and a linear layer: the gradient of logit c is W[c, k] / cells for map k everywhere.
    waveforms, classes = noise(3), [0, 1, 2]
    with torch.no_grad():
        image = model.image(waveforms)
        maps = model.backbone.forward_features(image).double()
        weights = model.backbone.get_classifier().weight[classes].double()
    expected = torch.einsum("bk,bkhw->bhw", weights, maps).relu()
    assert expected.any()
    expected = expected / expected.amax(dim=(1, 2), keepdim=True).clamp_min(1e-30)
    expected = F.interpolate(expected[:, None], size=image.shape[-2:], mode="bilinear")[:, 0]
    torch.testing.assert_close(grad_cam(model, waveforms, classes).double(), expected, atol=1e-4, rtol=0)


def test_grad_cam_has_the_shape_of_the_features_and_lies_in_0_to_1(model):
    heat = grad_cam(model, noise(5), torch.arange(5) % 3)
    assert heat.shape == (5, *model.frontend.output_shape(RATE)[1:])
    assert heat.dtype == torch.float32 and heat.min() >= 0 and heat.max() <= 1


def test_a_batch_gives_what_its_clips_give_alone(model):
    waveforms, classes = noise(4), [0, 2, 1, 1]
    alone = torch.cat([grad_cam(model, clip[None], [label]) for clip, label in zip(waveforms, classes, strict=True)])
    torch.testing.assert_close(grad_cam(model, waveforms, classes), alone, atol=1e-4, rtol=0)
    alone = torch.cat([embed(model, clip[None]) for clip in waveforms])
    torch.testing.assert_close(embed(model, waveforms), alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("backbone", ["test_resnet", "mobilenetv3_small_050", "test_convnext", "test_vit"])
def test_embeddings_times_the_classifier_are_the_logits(backbone):
    model, waveforms = make_model(backbone), noise(3, SQUARE)
    embeddings, logits = embed_and_classify(model, waveforms)
    with torch.no_grad():
        torch.testing.assert_close(model.backbone.get_classifier()(embeddings), model(waveforms))
        torch.testing.assert_close(logits, model(waveforms))
    torch.testing.assert_close(embed(model, waveforms), embeddings)


def test_logits_are_the_mean_over_shifts_and_embeddings_those_of_the_clip_as_it_is():
    model, waveforms = make_model(), noise(3)
    embeddings, logits = embed_and_classify(model, waveforms)
    model.test_shifts = 2
    with torch.no_grad():
        expected = model(waveforms)
    again, mean = embed_and_classify(model, waveforms)
    assert not torch.allclose(mean, logits)
    torch.testing.assert_close(mean, expected)
    torch.testing.assert_close(again, embeddings)


@pytest.mark.parametrize("explain", [embed, lambda model, clips: grad_cam(model, clips, [0, 1])])
def test_a_model_is_left_as_it_was(explain):
    model = make_model()
    expected = explain(model, noise(2))
    model.train()
    model.backbone.layer1.eval()
    for parameter in model.backbone.conv1.parameters():
        parameter.requires_grad_(False)
    modes = [part.training for part in model.modules()]
    flags = [parameter.requires_grad for parameter in model.parameters()]
    statistics = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    torch.testing.assert_close(explain(model, noise(2)), expected)  # in evaluation mode all the same
    assert [part.training for part in model.modules()] == modes
    assert [parameter.requires_grad for parameter in model.parameters()] == flags
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(tensor, statistics[name]) for name, tensor in model.state_dict().items())


def test_a_model_is_restored_after_an_error():
    model = make_model().train()
    with pytest.raises(EscGpuError, match="waveform"):
        grad_cam(model, noise(1)[0], [0] * RATE)
    assert all(part.training for part in model.modules())


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_silence_and_full_scale_are_finite(model, value):
    clip = torch.full((1, RATE), value)
    assert grad_cam(model, clip, [0]).isfinite().all() and embed(model, clip).isfinite().all()


def test_map_cells_are_those_of_the_last_maps(model):
    with torch.no_grad():
        assert map_cells(model, RATE) == model.backbone.forward_features(model.image(noise(1))).shape[2:]


@pytest.mark.parametrize(
    ("classes", "message"),
    [([0], "one class for each clip, got (1,) for 2 clips"), ([0, 3], "classes are 0 to 2"), ([-1, 0], "0 to 2")],
)
def test_other_classes_are_refused(model, classes, message):
    with pytest.raises(EscGpuError) as error:
        grad_cam(model, noise(2), classes)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_transformer_has_no_maps():
    model = make_model("test_vit")
    for explain in (lambda: grad_cam(model, noise(1, SQUARE), [0]), lambda: map_cells(model, SQUARE)):
        with pytest.raises(EscGpuError, match=r"Grad-CAM needs .* test_vit ends with \(1, \d+, 64\): use a conv"):
            explain()
