"""A backbone's first convolution and pooling changed for spectrograms; what cannot be is refused."""

import copy
import math

import pytest
import safetensors.torch
import timm
import torch
from torch import nn

import esc_gpu.inference.export as exporting
from esc_gpu import EscGpuError, WaveformClassifier, create_frontend
from esc_gpu.cli.commands.train import main as train
from esc_gpu.inference.pipeline import Pipeline
from esc_gpu.model.explain import embed, grad_cam, map_cells
from esc_gpu.model.stem import Stem
from esc_gpu.training.build_model import build_model
from tests.helpers.tiny import OPTIONS, parsed, write_tones

RATE = 8000


def make(backbone="test_resnet", num_classes=3, **options):
    torch.manual_seed(0)
    frontend = create_frontend("logmel", sample_rate=RATE, n_fft=256, hop_length=125, n_mels=64)
    return WaveformClassifier(frontend, num_classes, backbone, **options)


def fitted(**options):
    model = make(**options)
    model.fit_normalization(torch.randn(2, RATE))
    return model


def test_as_it_stands_it_changes_nothing():
    assert torch.equal(make(stem=Stem()).backbone.conv1[0].weight, make().backbone.conv1[0].weight)
    assert str(make(stem=Stem()).backbone) == str(make().backbone)


@pytest.mark.parametrize("stride", [(1, 2), [2, 1], (1, 1)])
def test_a_stride_keeps_the_weights_and_gives_finer_maps(stride):
    plain, model = fitted(), fitted(stem=Stem(stride))
    conv, before = model.backbone.conv1[0], plain.backbone.conv1[0]
    assert torch.equal(conv.weight, before.weight) and conv.padding == before.padding
    (height, width), cells = map_cells(plain, RATE), map_cells(model, RATE)  # both of a stride of 2
    finer = [2 // step for step in stride]
    assert cells[0] == height * finer[0] and abs(cells[1] - width * finer[1]) <= 1  # 65 frames
    image = torch.randn(1, 1, 64, 64)
    same = [slice(None, None, factor) for factor in finer]
    torch.testing.assert_close(conv(image)[:, :, same[0], same[1]], before(image))


def test_a_kernel_of_another_size_is_as_timm_makes_it():
    conv = make("resnet18", stem=Stem(kernel=(5, 9))).backbone.conv1
    assert conv.kernel_size == (5, 9) and conv.padding == (2, 4) and conv.stride == (2, 2)
    assert conv.weight.shape == (64, 1, 5, 9) and conv.weight.requires_grad
    assert conv.weight.is_contiguous(memory_format=torch.channels_last)
    # He et al.: variance 2 / fan-out; here of 2880 normal numbers.
    assert conv.weight.std().item() == pytest.approx(math.sqrt(2 / (64 * 5 * 9)), rel=0.05)
    assert abs(conv.weight.mean()) < 0.1 * conv.weight.std()
    assert conv(torch.zeros(1, 1, 64, 64)).shape == (1, 64, 32, 32)


def test_a_kernel_of_the_same_size_keeps_its_weights():
    plain = make().backbone.conv1[0]
    conv = make(stem=Stem(stride=(1, 1), kernel=plain.kernel_size)).backbone.conv1[0]
    assert torch.equal(conv.weight, plain.weight) and conv.stride == (1, 1)


def test_without_the_pooling_maps_are_twice_as_fine():
    plain, model = fitted(), fitted(stem=Stem(pool=False))
    assert [2 * cells for cells in map_cells(plain, 7874)] == list(map_cells(model, 7874))  # 63 frames
    assert not any(isinstance(part, nn.MaxPool2d) for part in model.backbone.modules())
    assert list(model.state_dict()) == list(plain.state_dict())


@pytest.mark.parametrize("backbone_options", [{}, {"stem_type": "deep"}])
def test_of_a_deep_stem_the_first_convolution_is_changed(backbone_options):
    """timm names it for resnet18d, and the whole stem where the option makes it deep."""
    name = "resnet18" if backbone_options else "resnet18d"
    stem = make(name, stem=Stem((1, 2), (3, 5)), backbone_options=backbone_options).backbone.conv1
    assert [layer.stride for layer in stem if isinstance(layer, nn.Conv2d)] == [(1, 2), (1, 1), (1, 1)]
    assert [layer.kernel_size for layer in stem if isinstance(layer, nn.Conv2d)] == [(3, 5), (3, 3), (3, 3)]


def test_of_several_branches_each_is_changed():
    backbone = nn.ModuleDict({"left": nn.Conv2d(1, 2, 3, padding=1), "right": nn.Conv2d(1, 2, 1)})
    backbone.pretrained_cfg = {"first_conv": ("left", "right")}
    Stem(stride=(1, 2)).change(backbone, "branches")
    assert backbone["left"].stride == backbone["right"].stride == (1, 2)


@pytest.mark.parametrize("fast", ["", "fast"])  # the same; ONNX has no adaptive max pooling and takes these
@pytest.mark.parametrize("pool", ["avg", "max", "avgmax", "catavgmax"])
def test_global_pooling_is_an_option_of_timm(pool, fast):
    model = fitted(stem=Stem(pool=False), coordinates="both", backbone_options={"global_pool": fast + pool}).eval()
    waveform = torch.randn(2, RATE)
    with torch.no_grad():
        maps = model.backbone.forward_features(model.image(waveform))
        mean, peak = maps.mean((2, 3)), maps.amax((2, 3))
        pooled = {"avg": mean, "max": peak, "avgmax": (mean + peak) / 2, "catavgmax": torch.cat([mean, peak], 1)}
        torch.testing.assert_close(model(waveform), model.backbone.get_classifier()(pooled[pool]))


# ---- exported and explained


def tones():
    """`(5, T)`, each of another pitch and loudness."""
    time, pitch = torch.arange(RATE) / RATE, torch.logspace(2, 3.4, 5)[:, None]
    clips = torch.sin(2 * torch.pi * pitch * time) * torch.logspace(-2, -0.3, 5)[:, None]
    return clips + 1e-3 * torch.randn(5, RATE, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def changed():
    """A pipeline with everything about its backbone's input changed, whose logits differ from clip to clip."""
    stem = Stem(stride=(1, 2), kernel=(3, 5), pool=False)
    options = {"stem": stem, "coordinates": "both", "backbone_options": {"global_pool": "fastcatavgmax"}}
    options["receptive_field"] = (30, 60)
    model, waveform = make(num_classes=5, **options), tones()
    model.fit_normalization(waveform)
    for _ in range(20):  # statistics for batch norm
        model(waveform)
    model.eval()
    with torch.no_grad():
        model.backbone.fc.weight /= model(waveform).std(0)[:, None]
        model.backbone.fc.bias -= model(waveform).mean(0)
    return Pipeline(model, list("abcde"), 1.0), waveform


@pytest.mark.parametrize("format", exporting.SUFFIXES)
def test_a_changed_stem_and_coordinates_are_exported(changed, tmp_path, format):
    pipeline, waveform = changed
    if format == "onnx":  # which takes long for a whole ResNet: its beginning and its end
        pipeline, backbone = copy.deepcopy(pipeline), pipeline.model.backbone
        head = nn.Linear(2 * backbone.conv1[0].out_channels, 5)
        pipeline.model.backbone = nn.Sequential(backbone.conv1[0], backbone.global_pool, head).eval()
        with torch.no_grad():
            head.weight /= pipeline(waveform).std(0)[:, None]
            head.bias -= pipeline(waveform).mean(0)
    assert pipeline(waveform).argmax(1).unique().numel() > 1
    file = tmp_path / f"model{exporting.SUFFIXES[format]}"
    agreement = exporting.export(pipeline, file, format, waveform, progress=False)
    assert agreement.holds and agreement.n_clips == len(waveform)


def test_a_changed_stem_and_coordinates_are_explained(changed):
    model, waveform = changed[0].model, changed[1]
    heat = grad_cam(model, waveform, [0, 1, 2, 3, 4])
    assert heat.shape == (5, 64, 65) and heat.isfinite().all() and heat.amax((1, 2)).max() == 1
    plain = make(num_classes=5)
    plain.fit_normalization(waveform)
    finer = [here / there for here, there in zip(map_cells(model, 7874), map_cells(plain, 7874), strict=True)]
    assert finer == [4, 2]  # bins by stride and pooling, frames by pooling
    assert embed(model, waveform).shape == (5, 2 * model.backbone.num_features)  # averages and maxima


# ---- pretrained weights


@pytest.fixture
def weights(tmp_path):
    """A file of them, and what they are."""
    donor = timm.create_model("test_resnet")
    file = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(donor.state_dict(), file)
    return file, donor.state_dict()


def test_pretrained_weights_stay_behind_other_strides_and_without_pooling(weights):
    file, state = weights
    backbone = make(weights=file, stem=Stem((1, 2), pool=False)).backbone
    # timm adds the channels up for one.
    torch.testing.assert_close(backbone.conv1[0].weight, state["conv1.0.weight"].sum(1, keepdim=True))
    assert torch.equal(backbone.layer1[0].conv1.weight, state["layer1.0.conv1.weight"])


def test_pretrained_weights_have_their_own_kernel(weights):
    sources = {"weights": weights[0]}, {"pretrained": True}, {"backbone_options": {"checkpoint_path": str(weights[0])}}
    for source in sources:
        with pytest.raises(EscGpuError, match="stem_kernel replaces the first convolution.*leave it null") as error:
            make(stem=Stem(kernel=(3, 3)), **source)
        assert "\n" not in str(error.value)


# ---- refused


@pytest.mark.parametrize("pair", [[1], [1, 2, 3], [0, 1], [1, 65], [1.0, 2.0], [True, 1], "12", 3, ["1", "2"]])
@pytest.mark.parametrize("option", ["stride", "kernel"])
def test_what_is_no_pair_is_refused(option, pair):
    with pytest.raises(EscGpuError, match=rf"model.stem_{option} is \[bins, frames\], two whole numbers from 1 to 64"):
        Stem(**{option: pair})


@pytest.mark.parametrize(
    ("backbone", "stem", "message"),
    [
        ("test_efficientnet", Stem(pool=False), "test_efficientnet has none behind its stem"),
        ("tf_efficientnet_b0", Stem(kernel=(3, 9)), "of tf_efficientnet_b0 is a Conv2dSame, which has a fixed size"),
    ],
)
def test_a_backbone_that_has_nothing_to_change_is_refused_by_name(backbone, stem, message):
    with pytest.raises(EscGpuError, match=message) as error:
        make(backbone, stem=stem)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("named", [None, {}, {"first_conv": ""}, {"first_conv": "fc"}, {"first_conv": "nowhere"}])
@pytest.mark.parametrize("option", ["stride", "kernel"])
def test_a_backbone_without_a_first_convolution_is_refused(named, option):
    backbone = nn.ModuleDict({"fc": nn.Linear(2, 2)})
    backbone.pretrained_cfg = named
    with pytest.raises(
        EscGpuError, match=f"model.stem_{option}: timm does not name a first convolution of my_net: leave the option"
    ):
        Stem(**{option: (1, 2)}).change(backbone, "my_net")


# ---- from the command line


def test_the_options_of_a_run_reach_the_model():
    options = ["--model.stem_stride", "[1, 2]", "--model.stem_kernel", "[3, 9]", "--model.stem_pool", "false"]
    options += ["--model.receptive_field", "[40, 90]"]
    model = build_model(parsed(*options, "--model.coordinates", "both"), 3)
    assert model.stem == Stem((1, 2), (3, 9), False) and model.coordinates == "both"
    assert model.receptive_field == (40, 90) and model.backbone.layer4[0].conv2.kernel_size == (1, 1)
    conv = model.backbone.conv1[0]
    assert conv.weight.shape[1:] == (3, 3, 9) and conv.stride == (1, 2)
    assert build_model(parsed(), 3).stem == Stem()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model.stem_stride", "[1, 0]"], "model.stem_stride is [bins, frames], two whole numbers from 1 to 64"),
        (["--model.stem_stride", "[1, 2, 3]"], "model.stem_stride"),
        (["--model.stem_kernel", "wide"], "model.stem_kernel"),
        (["--model.stem_pool", "maybe"], "model.stem_pool"),
        (["--model.coordinates", "time"], "model.coordinates"),
        (["--model.backbone", "test_vit", "--model.stem_pool", "false"], "test_vit has none behind its stem"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(tmp_path, capsys, options, message):
    table = write_tones(tmp_path / "tones", per_class=2)
    output = tmp_path / "out"
    given = ["--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache"), "--output_dir", str(output)]
    assert train([*OPTIONS, *given, *options]) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error and error.count("\n") == 1 and not output.exists()
