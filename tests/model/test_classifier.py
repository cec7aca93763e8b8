"""The classifier: shapes, swapping the front-end, normalisation, backbones."""

import inspect

import pytest
import torch

from esc_gpu import EscGpuError, WaveformClassifier, create_frontend
from esc_gpu.model.coordinates import append_coordinates
from esc_gpu.model.normalization import Normalization

RATE = 8000


def small_frontend(name="logmel", **options):
    defaults = {
        "logmel": {"n_fft": 256, "hop_length": 256, "n_mels": 16},
        "cqt": {"hop_length": 256, "fmin": 200, "n_bins": 24},
    }
    return create_frontend(name, sample_rate=RATE, **{**defaults[name], **options})


def small_model(**options):
    return WaveformClassifier(small_frontend(), 5, "test_resnet", **options)


@pytest.fixture
def waveform():
    return 0.1 * torch.randn(6, RATE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("per", ["bin", "channel"])
def test_normalised_features_have_mean_0_and_variance_1(waveform, per):
    model = small_model(normalize=per)
    model.fit_normalization(waveform, batch_size=4)  # two batches of unequal size
    image = model.eval().image(waveform)
    dims = (0, 3) if per == "bin" else (0, 2, 3)
    assert image.mean(dims).abs().max() < 1e-4
    assert (image.var(dims, correction=0) - 1).abs().max() < 1e-3


def test_int16_gives_the_logits_of_float(waveform):
    model = small_model()
    pcm = (waveform * 32768).round().to(torch.int16)
    model.fit_normalization(pcm)
    model.eval()
    assert model(pcm).shape == (6, 5)
    torch.testing.assert_close(model(pcm), model(pcm.float() / 32768), rtol=0, atol=0)


def test_a_swapped_front_end_needs_and_gets_its_own_statistics(waveform):
    model = small_model()
    model.fit_normalization(waveform)
    model.eval()
    model.frontend = small_frontend("cqt")
    with pytest.raises(EscGpuError, match="fit_normalization"):
        model(waveform)  # never from what may be test clips
    model.train()
    model(waveform)  # the first training batch gives them
    derived = model.normalization.mean.clone()
    model.fit_normalization(waveform)
    torch.testing.assert_close(derived, model.normalization.mean)
    assert model.eval()(waveform).shape == (6, 5)


def test_a_front_end_of_other_channels_is_refused():
    stack = create_frontend("stack", sample_rate=RATE, members=[small_frontend(), small_frontend("cqt")])
    with pytest.raises(EscGpuError, match="takes 1 channel.*stack gives 2"):
        small_model().frontend = stack


@pytest.mark.parametrize("options", [{}, {"sample_rate": 16000}, {"sample_rate": RATE, "input_sample_rate": 44100}])
def test_a_front_end_for_waveforms_at_another_rate_is_refused(options):
    """Its features would be of other frequencies than it says."""
    model, other = small_model(), create_frontend("cqt", fmin=200, n_bins=24, **options)
    before = model.frontend, model.normalization
    with pytest.raises(EscGpuError) as error:
        model.frontend = other
    assert str(error.value) == (
        f"the model takes waveforms at 8000 Hz, cqt takes them at {other.input_rate} Hz: make it with "
        "sample_rate=8000, or with input_sample_rate=8000 to let it resample"
    )
    assert (model.frontend, model.normalization) == before


def test_a_front_end_that_resamples_to_its_own_rate_takes_the_place_of_another(waveform):
    model = small_model()
    model.frontend = create_frontend("logmel", sample_rate=4000, input_sample_rate=RATE, n_fft=256, n_mels=16)
    assert model.train()(waveform).shape == (6, 5)


def test_the_rate_of_the_waveforms_counts_and_not_that_of_the_features(waveform):
    model = WaveformClassifier(small_frontend(input_sample_rate=16000), 5, "test_resnet")
    with pytest.raises(EscGpuError, match="takes waveforms at 16000 Hz, logmel takes them at 8000 Hz"):
        model.frontend = small_frontend()
    model.frontend = create_frontend("logmel", sample_rate=16000, n_fft=256, n_mels=16)
    assert model.train()(waveform).shape == (6, 5)


def test_a_stack_feeds_one_channel_a_member(waveform):
    stack = create_frontend("stack", sample_rate=RATE, members=[small_frontend(), small_frontend("cqt")])
    model = WaveformClassifier(stack, 3, "test_resnet")
    model.fit_normalization(waveform)
    assert model.image(waveform).shape == (6, 2, 24, 32) and model(waveform).shape == (6, 3)


@pytest.mark.parametrize("per", ["bin", "channel"])
def test_statistics_of_two_halves_added_up_are_those_of_the_whole(per):
    """As by two processes, of which each sums up its own images; here three of ten."""
    images = 5 + torch.randn(10, 2, 4, 7, generator=torch.Generator().manual_seed(0))
    whole, half, sums = Normalization(2, 4, per), Normalization(2, 4, per), []
    whole.fit([images])
    Normalization(2, 4, per).fit(images[:3].split(2), add_up=lambda own: sums.append(own) or own)
    half.fit(images[3:].split(2), add_up=lambda own: own + sums[0])
    # Summed up in float64, kept in float32: the last bit may differ.
    torch.testing.assert_close(half.mean, whole.mean, rtol=2e-7, atol=0)
    torch.testing.assert_close(half.std, whole.std, rtol=2e-7, atol=0)


def test_a_process_without_clips_takes_the_statistics_of_the_others():
    images = torch.randn(4, 1, 3, 5, generator=torch.Generator().manual_seed(0))
    other, empty, sums = Normalization(1, 3, "bin"), Normalization(1, 3, "bin"), []
    other.fit([images], add_up=lambda own: sums.append(own) or own)
    empty.fit([], add_up=lambda own: own + sums[0])
    assert torch.equal(empty.mean, other.mean) and torch.equal(empty.std, other.std)


def test_a_constant_bin_is_not_blown_up():
    image = torch.randn(4, 1, 3, 10)
    image[:, :, 1] = -100.0
    normalization = Normalization(1, 3, "bin")
    normalization.fit([image])
    assert normalization(image)[:, :, 1].abs().max() < 1e-3
    image[:, :, 1] += 0.01  # a change of a hundredth of a decibel stays one of about one deviation
    assert normalization(image)[:, :, 1].abs().max() < 2


def test_half_precision_leaves_features_and_statistics_in_float32(waveform):
    model = small_model()
    model.fit_normalization(waveform)
    before = model.eval().normalization(model.frontend(waveform))
    model.bfloat16()
    assert torch.equal(model.normalization(model.frontend(waveform)), before)
    assert model(waveform).dtype == torch.bfloat16


def test_masked_features_are_at_their_mean(waveform):
    model = small_model()
    model.fit_normalization(waveform)
    mask = torch.ones(6, 1, 16, 32)
    mask[2, :, 3:5] = 0
    image = model.image(waveform, mask.mul)
    assert (image[2, :, 3:5] == 0).all() and (image[2, :, 5:] != 0).any() and (image[1] != 0).all()


@pytest.mark.parametrize("coordinates", ["none", "both"])
def test_what_alters_the_features_gets_them_normalised_and_nothing_else(waveform, coordinates):
    model, given = small_model(coordinates=coordinates), []
    model.fit_normalization(waveform)
    model.bfloat16()

    def alter(image):
        given.append(image)
        return image.flip(2)

    features = model.frontend(waveform)
    outputs = model(waveform, alter), model.backbone(model.image(waveform, alter=alter))
    assert all(torch.equal(image, model.normalization(features)) for image in given) and len(given) == 2
    image = append_coordinates(model.normalization(features).flip(2), coordinates).bfloat16()  # positions stay
    assert torch.equal(outputs[0], model.backbone(image)) and torch.equal(outputs[1], outputs[0])
    assert not torch.equal(outputs[0], model(waveform))


@pytest.fixture
def process_group(tmp_path):
    """A group of this process alone."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def test_features_are_altered_behind_ddp_as_without(waveform, process_group):
    gradients = []
    for wrap in (lambda model: model), torch.nn.parallel.DistributedDataParallel:
        torch.manual_seed(0)
        model = small_model(coordinates="frequency")
        model.fit_normalization(waveform)
        wrap(model)(waveform, lambda image: image.roll(3, dims=2)).square().mean().backward()
        gradients.append([p.grad for p in model.parameters()])
    for here, there in zip(*gradients, strict=True):
        torch.testing.assert_close(here, there)
    model.zero_grad()
    model(waveform).square().mean().backward()
    assert not torch.allclose(model.backbone.fc.weight.grad, gradients[0][-2])  # altered, they are others


def test_backbone_weights_from_a_local_file(tmp_path, waveform):
    import safetensors.torch
    import timm

    donor = timm.create_model("test_resnet", num_classes=7)
    safetensors.torch.save_file(donor.state_dict(), tmp_path / "weights.safetensors")
    try:
        model = WaveformClassifier(small_frontend(), 5, "test_resnet", weights=tmp_path / "weights.safetensors")
    except EscGpuError as error:
        pytest.fail(f"local weights were refused: {error}")
    torch.testing.assert_close(
        model.backbone.state_dict()["layer1.0.conv1.weight"], donor.state_dict()["layer1.0.conv1.weight"]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": "resnt18"}, "no model 'resnt18'; did you mean 'resnet18'"),
        ({"backbone": "test_resnet", "weights": "/nowhere.bin"}, "no file /nowhere.bin"),
        ({"backbone": "test_resnet", "normalize": "clip"}, "normalize must be one of bin, channel"),
        ({"backbone": "test_resnet", "backbone_options": {"colour": 3}}, "could not make 'test_resnet'"),
    ],
)
def test_errors(options, message):
    with pytest.raises(EscGpuError, match=message):
        WaveformClassifier(small_frontend(), 5, **options)


def test_members_of_a_stack_are_normalised_each_by_itself():
    """One in thousands of Hz must not hide one that is a share."""
    members = [{"name": f"spectral_{name}"} for name in ("centroid", "rolloff", "flatness")] + [{"name": "rms"}]
    waveforms = torch.randn(8, 22050, generator=torch.Generator().manual_seed(0)) * torch.logspace(-3, -1, 8)[:, None]
    for per in "bin", "channel":
        model = WaveformClassifier(create_frontend("stack", members=members), 3, "test_resnet", normalize=per)
        model.fit_normalization(waveforms)
        torch.testing.assert_close(model.image(waveforms).std((0, 2, 3)), torch.ones(4), rtol=0.01, atol=0)


def test_a_model_can_be_pickled(tmp_path):
    model = WaveformClassifier(create_frontend("cqt", fmin=200.0, n_bins=24), 3, "test_resnet")
    model.fit_normalization(torch.randn(4, 22050))
    model.eval()
    torch.save(model, tmp_path / "model.pt")
    again = torch.load(tmp_path / "model.pt", weights_only=False)
    assert torch.equal(again(torch.ones(1, 22050)), model(torch.ones(1, 22050)))


def test_only_statistics_that_were_fitted_count_as_such():
    def make():
        return WaveformClassifier(create_frontend("logmel", n_mels=20), 3, "test_resnet")

    unfitted, backbone_only, fitted = make(), make(), make()
    unfitted.load_state_dict(make().state_dict())
    backbone = {key: value for key, value in make().state_dict().items() if key.startswith("backbone")}
    backbone_only.load_state_dict(backbone, strict=False)
    for model in unfitted, backbone_only:
        with pytest.raises(EscGpuError, match="no normalisation statistics"):
            model.eval()(torch.randn(2, 22050))
    source = make()
    source.fit_normalization(torch.randn(4, 22050))
    fitted.load_state_dict(source.state_dict())
    fitted.eval()(torch.randn(2, 22050))


def test_clips_that_are_not_finite_give_no_statistics():
    model = WaveformClassifier(create_frontend("logmel", n_mels=20), 3, "test_resnet")
    with pytest.raises(EscGpuError, match="not finite"):
        model.fit_normalization(torch.full((2, 22050), torch.nan))


def test_shifts_in_evaluation_are_averaged_and_training_has_none(waveform):
    model = WaveformClassifier(create_frontend("logmel", sample_rate=8000, n_fft=256, n_mels=16), 3, "test_resnet")
    model.fit_normalization(waveform)
    model.eval()
    quarter = waveform.shape[-1] // 4
    with torch.no_grad():
        single = [model(waveform.roll(n * quarter, -1)) for n in range(4)]
        model.test_shifts = 4
        torch.testing.assert_close(model(waveform), torch.stack(single).mean(dim=0))
        torch.manual_seed(0)
        with_shifts = model.train()(waveform)
        model.test_shifts = 1
        torch.testing.assert_close(model(waveform), with_shifts, atol=1e-5, rtol=1e-5)


def test_a_mean_over_shifts_is_not_rounded_to_bfloat16(waveform):
    model = small_model(test_shifts=3)
    model.fit_normalization(waveform)
    model.eval().bfloat16()
    single = [model.classify(waveform.roll(n * (RATE // 3), -1)) for n in range(3)]
    assert single[0].dtype == torch.bfloat16
    assert torch.equal(model(waveform), (single[0].float() + single[1].float() + single[2].float()) / 3)


def test_the_number_of_classes_has_timms_name():
    assert small_model().num_classes == 5
    with pytest.raises(EscGpuError, match="^WaveformClassifier has no option n_classes any more: write num_classes$"):
        WaveformClassifier(small_frontend(), n_classes=5)
    assert "num_classes" in inspect.signature(WaveformClassifier).parameters  # for help() and editors


def test_shifts_are_at_least_one():
    frontend = create_frontend("logmel", sample_rate=8000, n_fft=256, n_mels=16)
    with pytest.raises(EscGpuError, match="test_shifts must be an integer from 1 to 100, got 0"):
        WaveformClassifier(frontend, 3, "test_resnet", test_shifts=0)


def test_the_features_to_draw_have_no_coordinates(waveform):
    model = small_model(coordinates="both")
    model.fit_normalization(waveform)
    assert model.image(waveform).shape[1] == 3
    torch.testing.assert_close(model.normalized_features(waveform), model.image(waveform)[:, :1])
