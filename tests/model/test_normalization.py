"""The normalisation: its statistics, of all clips together, and where there are none."""

import pytest
import torch

from esc_gpu import EscGpuError, WaveformClassifier, create_frontend
from esc_gpu.model.normalization import Normalization
from tests.helpers.small_model import small_frontend, small_model


@pytest.mark.parametrize("per", ["bin", "channel"])
def test_normalised_features_have_mean_0_and_variance_1(waveform, per):
    model = small_model(normalize=per)
    model.fit_normalization(waveform, batch_size=4)  # two batches of unequal size
    image = model.eval().image(waveform)
    dims = (0, 3) if per == "bin" else (0, 2, 3)
    assert image.mean(dims).abs().max() < 1e-4
    assert (image.var(dims, correction=0) - 1).abs().max() < 1e-3


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


def test_members_of_a_stack_are_normalised_each_by_itself():
    """One in thousands of Hz must not hide one that is a share."""
    members = [{"name": f"spectral_{name}"} for name in ("centroid", "rolloff", "flatness")] + [{"name": "rms"}]
    waveforms = torch.randn(8, 22050, generator=torch.Generator().manual_seed(0)) * torch.logspace(-3, -1, 8)[:, None]
    for per in "bin", "channel":
        model = WaveformClassifier(create_frontend("stack", members=members), 3, "test_resnet", normalize=per)
        model.fit_normalization(waveforms)
        torch.testing.assert_close(model.image(waveforms).std((0, 2, 3)), torch.ones(4), rtol=0.01, atol=0)


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


def test_it_is_of_bins_or_channels():
    with pytest.raises(EscGpuError, match="normalize must be one of bin, channel"):
        WaveformClassifier(small_frontend(), 5, "test_resnet", normalize="clip")
