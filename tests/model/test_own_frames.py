"""A classifier that is told the lengths of unequal clips looks at each one's own frames."""

import pytest
import torch
from torch import nn

from esc_gpu import EscGpuError, WaveformClassifier, pad_clips
from esc_gpu.model.own_frames import columns_step, logits_of_own_frames
from esc_gpu.model.stem import Stem
from tests.helpers.clips import noise
from tests.helpers.small_model import small_frontend, small_model
from tests.helpers.tiny import RATE

LENGTHS = (2 * RATE, 9000, 5000)


@pytest.fixture(scope="module")
def clips():
    return [noise(1, n_samples, seed=n_samples)[0] for n_samples in LENGTHS]


@pytest.fixture(scope="module")
def batch(clips):
    return pad_clips(clips)


class Columns(nn.Module):
    """A backbone that mixes no frames: its map has the mean of each four columns, and one channel more than classes."""

    num_features = 3

    def __init__(self):
        super().__init__()
        self.mix = nn.Conv2d(1, 3, (1, 4), stride=(1, 4), bias=False)
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.global_pool.pool_type = "avg"
        self.head = nn.Linear(3, 2)

    def forward_features(self, image):
        return self.mix(image)

    def forward_head(self, features):
        return self.head(self.global_pool(features).flatten(1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_mean_is_that_of_each_clips_own_columns(dtype):
    torch.manual_seed(0)
    backbone, n_frames = Columns().to(dtype), torch.tensor([24, 8, 9, 1])
    image = torch.randn(4, 1, 6, 24).to(dtype)
    for row, count in zip(image, n_frames, strict=True):
        row[..., count:] = 0
    logits = logits_of_own_frames(backbone, image, n_frames, columns_step(backbone, "columns", 1, 6))
    for row, count, found in zip(image, n_frames, logits, strict=True):
        width = -(-int(count) // 4) * 4
        # oneDNN's convolution in bfloat16 is wrong for an image as narrow as its stride.
        with torch.backends.mkldnn.flags(enabled=dtype != torch.bfloat16):
            expected = backbone.forward_head(backbone.forward_features(row[None, ..., :width]))[0]
        tolerance = 0.05 if dtype == torch.bfloat16 else 1e-5
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    assert logits.dtype == dtype


@pytest.mark.parametrize(
    ("backbone", "stem", "step"),
    [
        ("test_resnet", Stem(), 32),
        ("test_resnet", Stem(stride=[2, 1], pool=False), 8),
        ("test_resnet", Stem(stride=[2, 3]), 48),
        ("test_efficientnet", Stem(), 32),
    ],
)
def test_the_step_of_the_columns_is_the_backbones(backbone, stem, step):
    """Whatever its stem is; of an image narrower than a step there is one column."""
    model = WaveformClassifier(small_frontend(), 5, backbone, stem=stem)
    assert model.columns_step() == step
    assert next(model.backbone.parameters()).device.type == "cpu"
    width = model.backbone.eval().forward_features(torch.zeros(1, 1, 64, 5 * step + 1)).shape[-1]
    assert width == 6
    model.backbone = Columns()
    assert model.columns_step() == 4


@pytest.mark.parametrize("options", [{}, {"coordinates": "both", "test_shifts": 3}])
def test_a_clip_in_a_batch_has_the_image_and_nearly_the_logits_that_it_has_alone(clips, batch, options):
    """Convolutions see zeros behind it where there is an edge alone; without lengths the silence decides."""
    torch.manual_seed(0)
    model, (waveform, lengths) = small_model(**options), batch
    model.fit_normalization([batch])
    single = small_model()
    single.fit_normalization(clip[None] for clip in clips)
    torch.testing.assert_close(model.normalization.mean, single.normalization.mean)
    torch.testing.assert_close(model.normalization.std, single.normalization.std)
    model.eval()
    with torch.no_grad():
        image, alone = model.image(waveform, lengths=lengths), [model.image(clip[None])[0] for clip in clips]
        for row, expected in zip(image, alone, strict=True):
            torch.testing.assert_close(row[..., : expected.shape[-1]], expected)
            assert not row[..., expected.shape[-1] :].any()
        logits = torch.cat([model(clip[None]) for clip in clips])
        found, untold = model(waveform, lengths=lengths), model(waveform)
    torch.testing.assert_close(found[0], logits[0])
    assert ((found - logits).norm(dim=1) < 0.1 * (untold - logits).norm(dim=1))[1:].all()


def test_training_takes_the_statistics_and_the_gradient_of_own_frames(batch):
    waveform, lengths = batch
    model, other = small_model().train(), small_model()
    seen = []

    def alter(image):
        seen.append(image)
        return image + 1

    logits = model(waveform, alter, lengths)
    other.fit_normalization([batch])
    assert torch.equal(model.normalization.mean, other.normalization.mean)
    n_frames = model.frontend.n_frames(lengths)
    assert all(not row[..., count:].any() for row, count in zip(seen[0], n_frames, strict=True))
    logits.sum().backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_in_bf16_the_logits_are_float32_and_nearly_the_same(batch):
    waveform, lengths = batch
    torch.manual_seed(0)
    model = small_model()
    model.fit_normalization([batch])
    with torch.no_grad():
        expected = model.eval()(waveform, lengths=lengths)
        with torch.autocast("cpu", torch.bfloat16):
            lower = model(waveform, lengths=lengths)
    assert lower.dtype == torch.float32
    assert (lower - expected).norm() <= 0.05 * expected.norm()


def test_it_compiles_to_one_graph(batch):
    waveform, lengths = batch
    model = small_model()
    model.fit_normalization([batch])
    model.backbone = Columns()  # of a ResNet it would take a minute
    torch.compiler.reset()
    with torch.no_grad():
        expected = model.eval()(waveform, lengths=lengths)
        graph = torch.compile(model, fullgraph=True, backend="eager")
        torch.testing.assert_close(graph(waveform, lengths=lengths), expected)
    torch.compiler.reset()


def test_a_backbone_that_takes_no_mean_over_a_map_is_refused(batch):
    waveform, lengths = batch
    transformer = WaveformClassifier(small_frontend(), 5, "test_vit", backbone_options={"img_size": (16, 63)})
    maximum = small_model(backbone_options={"global_pool": "max"})
    for model, name in (transformer, "test_vit"), (maximum, "test_resnet"):
        with pytest.raises(EscGpuError, match=f"{name} takes no lengths: its logits are not those of a mean") as error:
            model.train()(waveform, lengths=lengths)
        assert "\n" not in str(error.value)


def test_wrong_lengths_are_refused_before_a_clip_is_rolled(batch):
    model = small_model(test_shifts=2)
    model.fit_normalization([batch])
    with pytest.raises(EscGpuError, match="lengths must be a tensor of 3 integers"):
        model.eval()(batch[0], lengths=list(LENGTHS))
    with pytest.raises(
        EscGpuError, match=f"lengths of logmel must be from 129 samples to the {LENGTHS[0]} of the batch"
    ):
        model(batch[0], lengths=torch.tensor([9000, 9000, 128]))
