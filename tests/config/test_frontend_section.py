"""The section of a front-end: from files and words, with members, and as version 0.1 wrote it."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.frontend_options import complete
from esc_gpu.config.parse import parse_run
from esc_gpu.config.parse_frontend import read_frontend
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends import create_frontend
from esc_gpu.frontends.registry import _FRONTENDS, list_frontends
from esc_gpu.frontends.spectrogram import Spectrogram
from esc_gpu.training.build_model import build_model


@pytest.fixture
def parse(tmp_path):
    """Parse words, each `FILE: TEXT` of the keyword arguments being the file's content."""

    def parse(*words, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        return parse_run([word.replace("{folder}", str(tmp_path)) for word in words], "train.py").frontend

    return parse


def test_what_comes_later_goes_over_it(parse):
    files = {"a": "frontend: {name: mfcc, n_mfcc: 13, n_mels: 40}", "b": "frontend: {n_mels: 50}\ntrain: {epochs: 1}"}
    a, b = "--config={folder}/a.yaml", "--config={folder}/b.yaml"
    assert parse(a, b, **files) == FrontendConfig("mfcc", n_mfcc=13, n_mels=50)
    assert parse(b, a) == FrontendConfig("mfcc", n_mfcc=13, n_mels=40)
    assert parse(a, "--frontend.n_mels", "60", b) == FrontendConfig("mfcc", n_mfcc=13, n_mels=50)
    assert parse(a, "--frontend", "{n_fft: 512, n_mels: 8}") == FrontendConfig("mfcc", n_mfcc=13, n_mels=8, n_fft=512)
    assert parse("--config", "frontend: {name: rms}") == FrontendConfig("rms")  # the text of a file


def test_an_option_of_a_member(parse):
    file = "frontend: {name: delta, member: {name: mfcc, n_mfcc: 13, n_mels: 40}}"
    found = parse("--config={folder}/a.yaml", "--frontend.member.n_mels", "32", a=file)
    assert found.options["member"] == {"name": "mfcc", "backend": "auto", "n_mfcc": 13, "n_mels": 32}


def test_members_by_their_names(parse):
    words = "--frontend.name", "stack", "--frontend.members", "[logmel, mfcc]"
    assert [member["name"] for member in parse(*words).options["members"]] == ["logmel", "mfcc"]
    last = parse(*words, "--frontend.members.n_mfcc", "13").options["members"][-1]
    assert last == {"name": "mfcc", "backend": "auto", "n_mfcc": 13}


def test_null_is_no_limit(parse):
    assert parse("--frontend.top_db", "null") == FrontendConfig(top_db=None)
    assert parse("--config={folder}/a.yaml", a="frontend: {norm: null}") == FrontendConfig(norm=None)
    assert create_frontend(**parse("--frontend.top_db", "null").arguments()).top_db is None


def test_null_is_the_default_of_what_cannot_be_none(parse):
    assert parse("--frontend.n_mels", "null") == FrontendConfig()
    assert parse("--frontend.sample_rate", "null") == FrontendConfig()


def test_a_config_of_version_0_1_has_the_defaults_where_it_is_null():
    nulls = dict.fromkeys(("n_mels", "top_db", "norm", "n_lfcc", "members", "member"))
    assert read_frontend({"name": "logmel", "backend": "auto", **nulls, "n_fft": 512}) == FrontendConfig(n_fft=512)
    members = [{"name": "mfcc", **dict.fromkeys(("top_db", "n_lfcc"))}]
    stack = read_frontend({"name": "stack", "members": members, "n_mels": None})
    assert stack.options["members"] == [{"name": "mfcc", "backend": "auto"}]


def test_a_backend_that_is_gone_is_the_one_with_its_numbers():
    assert read_frontend({"name": "mfcc", "backend": "triton"}) == FrontendConfig("mfcc", "native")


def test_another_librarys_name(parse):
    assert parse("--frontend.name", "melspectrogram") == FrontendConfig("logmel", scale="power")
    assert complete(FrontendConfig("melspectrogram"))["scale"] == "power"


def test_a_stack_of_a_delta(parse):
    text = """
frontend:
  name: stack
  members:
    - {name: cqt, hop_length: 1024}
    - name: delta
      order: 1
      member: {name: logmel, n_mels: 84, hop_length: 1024}
"""
    config = parse_run(["--config", text], "train.py")
    assert build_model(config, 4).frontend.n_channels == 3
    inner = complete(config.frontend)["members"][1]["member"]
    assert (inner["n_mels"], inner["top_db"], inner["window"]) == (84, 80.0, "hann")


def test_the_complete_options_make_the_same_layer(parse):
    for words in (["--frontend.n_mels", "32"], ["--frontend.trainable_stft", "true"], ["--frontend.name", "pcen"]):
        found = parse(*words)
        assert read_frontend(complete(found)) == found
        assert create_frontend(**complete(found)).spec == create_frontend(**found.arguments()).spec


class Smooth(Spectrogram):
    """A spectrogram that somebody else has written.

    Args:
        smoothing: share of the frame before that stays, from 0 to below 1.
    """

    name = "smooth"

    def __init__(self, *, smoothing: float | None = 0.5, **stft: Any):
        super().__init__(**stft)
        self.smoothing = smoothing


def test_a_users_own_front_end_needs_its_class_and_a_row(parse, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "esc_gpu.frontends.smooth", SimpleNamespace(Smooth=Smooth))
    monkeypatch.setitem(_FRONTENDS, "smooth", {"native": ("smooth", "Smooth")})
    words = ["--frontend.name", "smooth"]
    assert parse(*words, "--frontend.smoothing", "0.7") == FrontendConfig("smooth", smoothing=0.7)
    assert parse(*words, "--frontend.smoothing", "null", "--frontend.n_fft", "512").options == {
        "smoothing": None,
        "n_fft": 512,
    }
    with pytest.raises(EscGpuError, match="no option 'frontend.smoothin'; did you mean 'frontend.smoothing'"):
        parse(*words, "--frontend.smoothin", "0.7")
    with pytest.raises(EscGpuError, match="frontend.smoothing: expected float or null, got 'much'"):
        parse(*words, "--frontend.smoothing", "much")
    with pytest.raises(EscGpuError, match="no option 'frontend.smoothing'; .*logmel has name, backend"):
        parse("--frontend.smoothing", "0.7")
    with pytest.raises(SystemExit):
        parse("--frontend.help", "smooth")
    assert "Share of the frame before that stays, from 0 to below 1. [0.5]" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", list_frontends())
def test_a_complete_section_is_read_as_the_short_one(parse, name):
    assert read_frontend(complete(FrontendConfig(name))) == FrontendConfig(name) == parse("--frontend.name", name)
