"""The help of a run's options, of one front-end's, and the whole config as YAML."""

import sys

import pytest
import yaml

from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.help import OFTEN_SET, WIDTH, all_keys
from esc_gpu.config.options import as_dict
from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import RunConfig
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import frontend_class, list_backends, list_frontends
from esc_gpu.frontends.signature import option_names


def printed(words, capsys):
    with pytest.raises(SystemExit) as end:
        parse_run(words, "train.py")
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--train.epochs", "3", "--help"]], ids=" ".join)
def test_the_help_is_short_and_begins_with_what_is_set_most(words, capsys):
    lines = printed(words, capsys).splitlines()
    assert lines[0].startswith("usage: train.py ") and len(lines) < 170 and max(map(len, lines)) <= WIDTH
    first = [line.split()[0].removeprefix("--") for line in lines if line.startswith("  --")]
    assert first[: len(OFTEN_SET) + 1] == ["config", *OFTEN_SET]
    assert sorted(first) == sorted({*all_keys(), "config", "print_config", "help"})  # each of them once


@pytest.mark.parametrize("name", list_frontends())
def test_a_front_end_has_a_help_of_its_own(name, capsys):
    text = printed(["--frontend.help", name], capsys)
    assert printed([f"--frontend.help={name}"], capsys) == text
    shown = {line.split()[0].removeprefix("--frontend.") for line in text.splitlines() if line.startswith("  --")}
    own = {option for backend in list_backends(name) for option in option_names(frontend_class(name, backend))}
    assert shown == own - {"input_sample_rate"} | {"backend"}


def test_it_has_the_texts_and_defaults_of_its_class(capsys):
    text = " ".join(printed(["--frontend.help", "logmel"], capsys).split())
    assert "--frontend.n_mels INT Number of mel bands. [128]" in text
    assert "in dB; null for no limit." in text and "[80]" in text and "[data.sample_rate]" in text


def test_the_printed_config_has_the_real_defaults(capsys):
    config = yaml.safe_load(printed(["--frontend.name", "mfcc", "--train.epochs", "3", "--print_config"], capsys))
    assert config["train"]["epochs"] == 3 and config["data"] == as_dict(RunConfig())["data"]
    frontend = config["frontend"]
    assert (frontend["name"], frontend["n_mfcc"], frontend["top_db"], frontend["n_mels"]) == ("mfcc", 40, 80.0, 128)
    assert set(frontend) == set(option_names(frontend_class("mfcc"))) - {"sample_rate", "input_sample_rate"} | {
        "name",
        "backend",
    }


def test_what_is_printed_is_the_same_run(tmp_path, capsys):
    words = ["--frontend.name", "delta", "--frontend.member", "{name: mfcc, top_db: null}", "--folds", "[1, 2]"]
    (tmp_path / "a.yaml").write_text(printed([*words, "--print_config"], capsys), encoding="utf-8")
    config = parse_run(["--config", str(tmp_path / "a.yaml")], "train.py")
    assert config == parse_run(words, "train.py")
    member = {"name": "mfcc", "backend": "auto", "top_db": None}
    assert config.frontend == FrontendConfig("delta", member=member)


def test_what_is_printed_without_defaults(tmp_path, capsys):
    assert printed(["--print_config=skip_default"], capsys) == "{}\n"
    words = ["--train.epochs=3", "--frontend.top_db", "null", "--data.root", "x", "--folds", "2"]
    text = printed(["--print_config=skip_default", *words], capsys)
    assert yaml.safe_load(text) == {
        "data": {"root": "x"},
        "frontend": {"top_db": None},
        "train": {"epochs": 3},
        "folds": 2,
    }
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert parse_run(["--config", str(tmp_path / "a.yaml")], "train.py") == parse_run(words, "train.py")
    assert yaml.safe_load(printed(["--print_config=", *words], capsys))["frontend"]["name"] == "logmel"
    with pytest.raises(EscGpuError, match="--print_config is 'skip'; expected skip_default, or no value; correct it"):
        parse_run(["--print_config=skip"], "train.py")


def test_the_help_of_another_librarys_name(capsys):
    lines = printed(["--frontend.help", "melspectrogram"], capsys).splitlines()
    assert lines[0].startswith("Options of the front-end logmel;")
    assert lines[1] == "melspectrogram is logmel with scale=power."


@pytest.mark.parametrize("words", [["--frontend.help"], ["--frontend.help="], ["--frontend.help", "--train.epochs"]])
def test_a_help_of_no_front_end(words):
    with pytest.raises(EscGpuError, match=r"--frontend.help needs a name; expected one of spectrogram, .*; add it"):
        parse_run(words, "train.py")


def test_a_default_can_be_copied(capsys):
    """All its digits are there."""
    text = printed(["--frontend.help", "pcen"], capsys) + printed(["--frontend.help", "cqt"], capsys)
    assert "[2147483648.0]" in text and "[32.70319566257483]" in text and "[0.98]" in text


def test_a_type_is_in_yamls_words(capsys):
    text = printed(["--frontend.help", "stack"], capsys) + printed(["--frontend.help", "delta"], capsys)
    assert "  --frontend.members [FRONTEND|{NAME: VALUE}|STR,...]\n" in text
    assert "  --frontend.member FRONTEND|{NAME: VALUE}|STR\n" in text


def test_a_backend_without_its_package(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "nnAudio", None)
    monkeypatch.delitem(sys.modules, "esc_gpu.frontends.backends.nnaudio", raising=False)
    reason = "backend 'nnaudio' of cqt needs nnAudio: pip install nnAudio"
    text = printed(["--frontend.help", "cqt"], capsys)
    assert "--frontend.trainable" not in text and reason in text and "--frontend.n_bins" in text
    with pytest.raises(EscGpuError, match=f"no option 'frontend.trainable'; .*; {reason}"):
        parse_run(["--frontend.name", "cqt", "--frontend.trainable", "true"], "train.py")
