"""Presets are the inputs of known models: what their own code gives, kept by tools.preset_references."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.peers.presets import EXTRACTORS, hard_clips
from esc_gpu import EscGpuError, create_frontend, functional, list_frontends, list_presets
from esc_gpu.config.parse import parse_run
from esc_gpu.frontends.presets import PRESETS
from esc_gpu.frontends.resampling import Resample
from tests.helpers.paths import DOCS
from tools.preset_references import kept_frames

FILE = Path(__file__).with_name("presets.npz")


@pytest.fixture(scope="module")
def references():
    with np.load(FILE) as file:
        return dict(file)


@pytest.mark.parametrize("name", PRESETS)
def test_it_is_the_models_input(name, references):
    frontend, clips = create_frontend(name), torch.from_numpy(hard_clips(name))
    with torch.no_grad():
        features = frontend(clips).numpy()
    assert features.shape == tuple(references[f"{name} shape"])
    difference = np.abs(features[..., kept_frames(features.shape[-1])] - references[name])
    assert difference.max() <= 1e-4 * np.abs(references[name]).max()


def test_every_preset_has_its_reference(references):
    assert PRESETS.keys() == EXTRACTORS.keys() == {name for name in references if " " not in name}
    for name, preset in PRESETS.items():
        package, version = str(references[f"{name} by"]).split()
        assert f"{package} {version}".removesuffix(".0") in preset.checked or package in preset.checked
        assert EXTRACTORS[name][0] == package
    assert FILE.stat().st_size < 100_000


@pytest.mark.parametrize("preset", list_presets(), ids=lambda preset: preset.name)
def test_it_says_what_it_makes(preset):
    frontend = create_frontend(preset.name)
    assert frontend.sample_rate == preset.sample_rate
    assert frontend.output_shape(round(preset.clip_seconds * preset.sample_rate)) == preset.shape
    assert json.loads(json.dumps(create_frontend(**preset.spec).spec)) == frontend.spec
    assert create_frontend(**frontend.spec).spec == frontend.spec
    assert preset.name not in list_frontends()


def test_clips_at_another_rate_are_resampled_to_the_models():
    clips = torch.rand(2, 44100, generator=torch.Generator().manual_seed(0)) - 0.5
    expected = create_frontend("beats")(Resample(44100, 16000)(clips))
    for options in {"sample_rate": 44100}, {"input_sample_rate": 44100}:
        torch.testing.assert_close(create_frontend("beats", **options)(clips), expected, rtol=0, atol=1e-5)


def test_a_spec_is_a_copy_that_may_be_changed():
    spec = PRESETS["ast"].spec
    spec["member"]["n_mels"] = 64
    spec["image_frames"] = 512
    assert create_frontend(**spec).output_shape(16000) == (1, 64, 512)
    assert create_frontend("ast").output_shape(16000) == (1, 128, 1024)


def test_options_of_its_member_go_over_the_presets_own():
    """A member without a name is the preset's own, from Python, in YAML and on the command line; a named one is not."""
    changed = create_frontend("ast", member={"n_mels": 64, "win_length": 512})
    assert changed.member == create_frontend("ast").member | {"n_mels": 64, "win_length": 512}
    words = ["--frontend.name", "ast", "--frontend.member.n_mels", "64", "--frontend.member.win_length", "512"]
    assert create_frontend(**parse_run(words, "train.py").frontend.arguments()).member == changed.member
    assert create_frontend("ast", member={"name": "logmel", "n_mels": 64}).member["name"] == "logmel"


def test_its_narrow_bands_are_the_models_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create_frontend("ast")
    with pytest.warns(UserWarning, match="128 mel bands hold no FFT bin"):
        create_frontend(**PRESETS["ast"].options["member"])


def test_mistakes_are_one_line():
    with pytest.raises(EscGpuError, match="did you mean 'whisper'"):
        create_frontend("whispr")
    with pytest.raises(EscGpuError, match="model_input .native. has no option 'n_mels'"):
        create_frontend("ast", n_mels=64)
    with pytest.raises(AttributeError, match="call model_input"):
        functional.ast  # noqa: B018


@pytest.mark.parametrize("preset", list_presets(), ids=lambda preset: preset.name)
def test_the_page_says_the_same(preset):
    numbers = f"{preset.sample_rate} | {preset.clip_seconds:g} s | {' × '.join(map(str, preset.shape))}"
    row = f"| `{preset.name}` | {preset.source} | {numbers} | {preset.takes} | {preset.checked} |\n"
    assert row in (DOCS / "frontends.md").read_text(encoding="utf-8")
