"""Features of a clip with their axes and units, and the pages that explain them."""

import re

import numpy as np
import pytest
import torch

from esc_gpu import create_frontend, list_frontends
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.images import compute_features, default_frontends, default_options
from esc_gpu.frontends.mel import LogMel
from tests.helpers.one_line import refusal
from tests.helpers.paths import DOCS

RATE = 16000


@pytest.fixture(scope="module")
def waveform():
    return torch.from_numpy(0.3 * np.random.default_rng(0).standard_normal(2 * RATE)).float()


@pytest.fixture(scope="module")
def images(waveform):
    return compute_features(waveform, RATE, default_frontends(RATE))


@pytest.mark.parametrize("name", list_frontends())
def test_values_and_axes_are_the_front_ends(name, images, waveform):
    frontend = default_frontends(RATE, [name])[name]
    image = images[name]
    assert image.values.dtype == np.float32
    assert np.array_equal(image.values, frontend(waveform[None])[0].numpy())
    assert np.array_equal(image.frequencies, frontend.frequencies.numpy())
    assert np.array_equal(image.times, frontend.times(image.values.shape[-1]).numpy())
    assert image.bin_unit == frontend.bin_unit


def test_options_by_default_are_the_front_ends_own_as_far_as_the_rate_allows():
    for name, n_bins in (("cqt", 84), ("vqt", 84), ("chroma_cqt", 252)):
        assert default_options(name, 96000) == {"sample_rate": 96000, "n_bins": n_bins}
        most = default_options(name, 8000)
        assert create_frontend(name, **most).spec["n_bins"] == most["n_bins"] < n_bins
        assert "n_bins" in refusal(create_frontend, name, **most | {"n_bins": most["n_bins"] + 1})
        assert default_options(name, 60)["n_bins"] == 1
    bands = [default_options("spectral_contrast", rate)["n_bands"] for rate in (96000, 12801, 12800, 8000, 300)]
    assert bands == [6, 6, 5, 5, 1]  # from 200 Hz on each is an octave
    assert default_options("delta", 96000) == {"sample_rate": 96000, "member": {"name": "logmel"}}
    assert default_options("model_input", 96000)["member"] == {"name": "logmel"}
    assert (default_options("model_input", 1)["mean"], default_options("model_input", 1)["std"]) == (-40.0, 40.0)
    members = [{"name": name, **default_options(name, 8000)} for name in ("logmel", "mfcc", "cqt")]
    assert default_options("stack", 8000)["members"] == members


def test_int16_is_the_same_clip(waveform):
    integers = (waveform.clamp(-1, 1) * 32767).to(torch.int16)
    frontends = default_frontends(RATE, ["rms"])
    both = [compute_features(clip, RATE, frontends)["rms"].values for clip in (integers, integers.float() / 32768)]
    assert np.array_equal(*both)


@pytest.mark.parametrize(
    ("name", "options", "unit"),
    [
        ("logmel", {}, "dB"),
        ("logmel", {"scale": "power"}, "power"),
        ("cqt", {"scale": "magnitude"}, "magnitude"),
        ("mfcc", {}, "dB"),
        ("spectral_centroid", {}, "Hz"),
        ("rms", {}, "of full scale"),
        ("chroma", {}, ""),
        ("pcen", {}, ""),
    ],
)
def test_the_unit_follows_the_options(name, options, unit):
    (axis,) = create_frontend(name, **options).channel_axes()
    assert axis.value_unit == unit
    assert axis.is_signed == (name == "mfcc")


class Loudness(Frontend):
    """A user's own front-end: two rows, one a channel."""

    name = "loudness"
    bin_unit = "feature"
    value_unit = "dB"
    is_signed = True
    n_channels = 2

    def features(self, waveform, shared=None):
        level = waveform.unfold(-1, self.hop_length, self.hop_length).square().mean(dim=-1).add(1e-10).log10() * 10
        return torch.stack([level, level.square()], dim=1)[:, :, None]

    @property
    def frequencies(self):
        return torch.zeros(1)


def test_a_users_own_front_end_has_its_unit_in_the_image(waveform):
    frontend = Loudness(100, sample_rate=RATE)
    own = compute_features(waveform, RATE, {"own": frontend})["own"]
    assert (own.value_unit, own.is_signed, own.bin_unit) == ("dB", True, "feature")
    assert list(own.channels) == ["1 loudness", "2 loudness"]
    delta = create_frontend("delta", member=frontend, order=1)
    assert [axis.value_unit for axis in delta.channel_axes()] == ["dB", "dB", "dB per frame", "dB per frame"]


class LoudnessInSone(LogMel):
    value_unit = "sone"


def test_a_class_may_name_the_unit_of_a_scale_anew(waveform):
    image = compute_features(waveform, RATE, {"own": LoudnessInSone(sample_rate=RATE)})["own"]
    assert image.value_unit == "sone"


def test_what_is_made_of_several_has_the_unit_of_the_first_channel():
    stack = create_frontend("stack", sample_rate=RATE, members=[{"name": "mfcc"}, {"name": "rms"}])
    for frontend in stack, create_frontend("delta", member=stack):
        assert (frontend.value_unit, frontend.bin_unit, frontend.is_signed) == ("dB", "coefficient", True)


def test_a_delta_has_its_derivatives_per_frame(images):
    image = images["delta"]
    assert {name: part.value_unit for name, part in image.channels.items()} == {
        "logmel": "dB",
        "Δ logmel": "dB per frame",
        "ΔΔ logmel": "dB per frame²",
    }
    assert [part.is_signed for part in image.channels.values()] == [False, True, True]
    assert np.array_equal(np.concatenate([part.values for part in image.channels.values()]), image.values)


def test_a_stacks_members_keep_their_own_axes_on_its_grid(images):
    parts = images["stack"].channels
    assert list(parts) == ["logmel", "mfcc", "cqt"]
    assert [part.bin_unit for part in parts.values()] == ["Hz", "coefficient", "Hz"]
    for name, part in parts.items():
        own = default_frontends(RATE, [name])[name].frequencies
        assert part.frequencies.shape == (128,)
        assert part.frequencies[[0, -1]] == pytest.approx(own[[0, -1]].numpy())
        assert (np.diff(part.frequencies) > 0).all()


def test_members_of_one_name_are_numbered(waveform):
    members = [{"name": "logmel", "n_fft": n_fft, "n_mels": 32} for n_fft in (512, 2048)]
    stack = create_frontend("stack", sample_rate=RATE, members=members)
    assert list(compute_features(waveform, RATE, {"stack": stack})["stack"].channels) == ["1 logmel", "2 logmel"]


def test_a_delta_of_a_stack_has_all_channels(waveform):
    stack = {"name": "stack", "members": [{"name": "logmel"}, {"name": "rms"}]}
    delta = create_frontend("delta", sample_rate=RATE, member=stack, order=1)
    image = compute_features(waveform, RATE, {"delta": delta})["delta"]
    assert list(image.channels) == ["logmel", "rms", "Δ logmel", "Δ rms"]
    assert image.values.shape[0] == 4


@pytest.mark.parametrize("sample_rate", [1000, 8000, 22050, 48000])
def test_defaults_fit_every_rate(sample_rate):
    frontends = default_frontends(sample_rate)
    assert list(frontends) == list_frontends()
    assert all(layer.input_rate == sample_rate for layer in frontends.values())


@pytest.mark.parametrize("name", ["cqt", "vqt", "chroma_cqt"])
def test_defaults_have_all_bins_that_fit(name):
    options = default_options(name, 8000)
    create_frontend(name, **options)
    with pytest.raises(EscGpuError, match="above half the sample rate"):
        create_frontend(name, **{**options, "n_bins": options["n_bins"] + 1})


def test_defaults_at_44100_are_the_front_ends_own():
    for name, frontend in default_frontends(44100).items():
        if name not in ("stack", "delta", "model_input"):
            assert frontend.spec == create_frontend(name).spec


def test_of_all_those_for_longer_clips_are_left_out():
    frontends = default_frontends(44100, n_samples=4410)
    assert {"cqt", "chroma_cqt", "stack"} == set(list_frontends()) - set(frontends)
    compute_features(torch.zeros(4410), 44100, frontends)


def test_a_front_end_that_was_named_stays():
    assert list(default_frontends(44100, ["cqt"], n_samples=10)) == ["cqt"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: default_frontends(RATE, ["lgmel"]), "did you mean 'logmel'"),
        (lambda: compute_features(torch.zeros(2, 9), RATE, {}), r"a tensor \(2, 9\): take one clip"),
        (lambda: compute_features(np.zeros(9), RATE, {}), "got ndarray"),
        (lambda: compute_features(torch.zeros(9), 8000, default_frontends(RATE, ["rms"])), "input_sample_rate=8000"),
        (lambda: compute_features(torch.zeros(9), RATE, default_frontends(RATE, ["logmel"])), "needs at least 1025"),
    ],
)
def test_mistakes_are_one_line(call, message):
    with pytest.raises(EscGpuError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", list_frontends())
def test_the_docs_explain_each_front_end(name):
    page = (DOCS / "frontends.md").read_text(encoding="utf-8").split("## Equations and pictures")[1]
    section = page.split(f"### `{name}`\n")[1].split("### ")[0]
    assert re.search(r"\$\$.+?\$\$", section, re.DOTALL)
    assert re.search(r"^Sources?: ", section, re.MULTILINE)
    assert f"](pictures/{name}.png)" in section


def test_the_docs_pictures_are_there_and_small():
    named = {
        picture
        for page in ("frontends.md", "features.md")
        for picture in re.findall(r"\]\((pictures/[\w-]+\.png)\)", (DOCS / page).read_text(encoding="utf-8"))
    }
    assert len(named) >= len(list_frontends()) + 5
    assert all((DOCS / picture).stat().st_size < 60_000 for picture in named)
