"""Features as a model takes them: fitted clips and images, limited and normalised values."""

import pytest
import torch

from benchmarks.common.difference import relative_error
from benchmarks.exactness.float64_references import reference
from esc_gpu import EscGpuError, create_frontend
from tests.helpers.clips import RATE, noise
from tests.helpers.frontend_cases import MEL

LOGMEL = {"name": "logmel", **MEL, "top_db": None}


def of(**options):
    return create_frontend("model_input", sample_rate=RATE, member=LOGMEL, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"clip_seconds": 0.5},
        {"clip_seconds": 0.5, "fill": "repeat"},
        {"image_frames": 9},
        {"image_frames": 80, "mean": -40.0, "std": 40.0},
        {"image_frames": 20, "max_range": 30.0, "clip_seconds": 0.3},
    ],
)
@pytest.mark.parametrize("n_samples", [2500, 8000, 12345])
def test_it_is_as_defined(options, n_samples):
    frontend, clips = of(**options), noise(2, n_samples) * torch.logspace(-4, 0, n_samples)
    features = frontend(clips)
    assert features.shape[1:] == frontend.output_shape(n_samples)
    assert relative_error(features.numpy(), reference(frontend, clips.numpy())) <= 1e-5


def test_a_clip_of_one_sample_is_filled_up():
    frontend = of(clip_seconds=0.5, fill="repeat")
    assert frontend.min_samples == 1
    torch.testing.assert_close(frontend(torch.full((1, 1), 0.3)), of()(torch.full((1, RATE // 2), 0.3)))


def test_the_limit_is_under_the_maximum_of_the_frames_that_are_kept():
    clip = noise(1, 8000)
    clip[:, 4000:] *= 100
    frontend = of(image_frames=10, max_range=6.0)
    assert frontend(clip).max() < of()(clip)[..., 10:].max() - 20
    assert frontend(clip).max() - frontend(clip).min() <= 6.0001


def test_without_options_it_is_its_member():
    frontend, member = of(), create_frontend(**LOGMEL)
    assert torch.equal(frontend(noise()), member(noise()))
    assert (frontend.value_unit, frontend.is_signed) == ("dB", False)
    assert frontend.channel_axes()[0].name == "logmel"


def test_normalised_values_have_no_unit():
    frontend = of(mean=-40.0)
    assert (frontend.value_unit, frontend.is_signed) == ("", True)
    assert frontend.channel_axes()[0].value_unit == "" and frontend.channel_axes()[0].is_signed


def test_in_a_stack_it_shares_what_is_of_the_same_clip():
    members = [{"name": "logmel", **MEL}, {"name": "model_input", "member": LOGMEL, "mean": -40.0}]
    stack = create_frontend("stack", sample_rate=RATE, members=members)
    keys = {}
    image = stack.features(noise(), keys)
    assert len([key for key in keys if key[0] == "bands"]) == 1
    fitted = create_frontend("stack", sample_rate=RATE, members=[members[0], members[1] | {"clip_seconds": 0.1}])
    torch.testing.assert_close(fitted(noise())[:, :1], image[:, :1])
    assert not torch.equal(fitted(noise())[:, 1:], image[:, 1:])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clip_seconds": 0}, "clip_seconds"),
        ({"clip_seconds": 1e12}, "clip_seconds must be at most 3600 .s., got 1"),
        ({"fill": "mirror"}, "fill must be one of zeros, repeat"),
        ({"image_frames": 0}, "image_frames"),
        ({"max_range": -8.0}, "max_range"),
        ({"mean": float("nan")}, "mean"),
        ({"std": 0.0}, "std must be a finite number above 0"),
    ],
)
def test_mistakes_are_one_line(options, message):
    with pytest.raises(EscGpuError, match=message):
        of(**options)


def test_it_needs_a_member():
    with pytest.raises(EscGpuError, match="members of model_input are front-ends"):
        create_frontend("model_input")
