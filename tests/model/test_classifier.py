"""The classifier: shapes, swapping the front-end, what alters the features, shifts in evaluation."""

import inspect

import pytest
import torch

from esc_gpu import EscGpuError, WaveformClassifier, create_frontend
from esc_gpu.model.coordinates import append_coordinates
from tests.helpers.small_model import RATE, small_frontend, small_model


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


def test_half_precision_leaves_features_and_statistics_in_float32(waveform):
    model = small_model()
    model.fit_normalization(waveform)
    before = model.eval().normalization(model.frontend(waveform))
    model.bfloat16()
    assert torch.equal(model.normalization(model.frontend(waveform)), before)
    assert model.backbone.forward_features(model.image(waveform)).dtype == torch.bfloat16


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


def test_a_model_can_be_pickled(tmp_path):
    model = WaveformClassifier(create_frontend("cqt", fmin=200.0, n_bins=24), 3, "test_resnet")
    model.fit_normalization(torch.randn(4, 22050))
    model.eval()
    torch.save(model, tmp_path / "model.pt")
    again = torch.load(tmp_path / "model.pt", weights_only=False)
    assert torch.equal(again(torch.ones(1, 22050)), model(torch.ones(1, 22050)))


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
    model.backbone.fc = torch.nn.Linear(model.backbone.num_features, 5)  # one that rounds, as a user may put there
    model.fit_normalization(waveform)
    model.eval().bfloat16()
    single = [model.classify(waveform.roll(n * (RATE // 3), -1)) for n in range(3)]
    assert single[0].dtype == torch.bfloat16
    assert torch.equal(model(waveform), (single[0].float() + single[1].float() + single[2].float()) / 3)


def test_the_number_of_classes_has_timms_name():
    assert small_model().num_classes == 5
    with pytest.raises(EscGpuError, match="^WaveformClassifier no longer has the option n_classes: use num_classes$"):
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
