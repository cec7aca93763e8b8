"""Where the section of a front-end comes from: every spelling in files and on the command line, in their order."""

import io
import os
import sys

import pytest

from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.parse import parse_run
from esc_gpu.errors import EscGpuError
from tests.helpers.one_line import refusal
from tests.helpers.paths import REPOSITORY

MFCC = FrontendConfig("mfcc", n_mfcc=13)
STACK = ["--frontend.name", "stack", "--frontend.members", "[{name: logmel}, {name: mfcc}]"]
EARLIER = REPOSITORY / "tests" / "earlier"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Writes files into the working folder, each by its name without .yaml, and parses words there."""
    monkeypatch.chdir(tmp_path)

    def parse(*words, **contents):
        for name, text in contents.items():
            (tmp_path / f"{name}.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return parse_run(list(words), "train.py")

    return parse


@pytest.mark.parametrize(
    "content",
    [
        "frontend.name: mfcc\nfrontend.n_mfcc: 13\n",
        "frontend: {name: mfcc}\nfrontend.n_mfcc: 13\n",
        "frontend: ./section.yaml\n",
        "config: ./whole.yaml\n",
        "config: 'frontend: {name: mfcc, n_mfcc: 13}'\n",
        "frontend: {name: mfcc, n_mfcc: '13'}\n",
        "data: {cache_dir: 2020-13-45}\nfrontend: {name: mfcc, n_mfcc: 13}\n",  # not a date
        b"\xef\xbb\xbffrontend:\r\n  name: mfcc\r\n  n_mfcc: 13\r\n",
    ],
)
def test_spellings_in_a_file(files, tmp_path, content):
    others = {"section": "name: mfcc\nn_mfcc: 13\n", "whole": "frontend: {name: mfcc, n_mfcc: 13}"}
    assert files("--config", "a.yaml", a=content, **others).frontend == MFCC
    (tmp_path / "folder").mkdir()
    for path in tmp_path.glob("*.yaml"):  # names in a file are relative to it
        path.rename(tmp_path / "folder" / path.name)
    assert files("--config=folder/a.yaml").frontend == MFCC


def test_a_file_with_a_section_goes_over_it(files):
    section, broken = "name: mfcc\nn_mfcc: 13\n", "name: ["
    words = ["--frontend.n_mels", "64", "--frontend", "./section.yaml"]
    assert files(*words, section=section).frontend == FrontendConfig("mfcc", n_mfcc=13, n_mels=64)
    with pytest.raises(EscGpuError, match=r"frontend is in './broken.yaml', which can't be read \(.*\); correct it"):
        files("--frontend", "./broken.yaml", broken=broken)
    with pytest.raises(EscGpuError, match=r"frontend is './none.yaml'; expected a section"):
        files("--frontend", "./none.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("frontend: &a {name: delta, member: *a}", "a value of the config contains itself"),
        ("config: a.yaml", "Config file loop detected"),
        ("config: {frontend: {name: mfcc}}", "config in a file does not name a file; expected a name"),
        ("frontend: {1: 2}", "no option 'frontend.1'"),
        ("frontend: {name: null}", "frontend.name is None; expected a name such as logmel"),
        ("frontend: {name: [mfcc]}", "frontend.name is ['mfcc']; expected a name such as logmel"),
        ("frontend: {backend: true}", "frontend.backend is True; expected a name such as auto"),
        (
            "frontend: {name: stack, members: [{name: logmell}]}",
            "frontend.members[0].name must be one of spectrogram, logmel, ",
        ),
        (
            "frontend: {name: stack, members: [{n_mels: many}]}",
            "frontend.members[0].n_mels: Expected a int. Got value: many",
        ),
        (
            "frontend: {name: stack, members: [{fmax: high}]}",
            "frontend.members[0].fmax: expected float or null, got 'high'",
        ),
    ],
)
def test_mistakes_in_a_file(files, content, message):
    with pytest.raises(EscGpuError) as caught:
        files("--config", "a.yaml", a=content)
    assert message in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_members_are_added_to_a_list(files):
    rms = {"name": "rms", "backend": "auto"}
    two = files(*STACK).frontend.options["members"]
    for more in ("{name: rms}", "[{name: rms}]"):
        for words in (["--frontend.members+", more], [f"--frontend.members+={more}"]):
            assert files(*STACK, *words).frontend.options["members"] == [*two, rms]
    assert files("--frontend.name=stack", "--frontend.members+", "{name: rms}").frontend.options["members"] == [rms]
    added = files(*STACK, "--config", "a.yaml", a="frontend: {members+: [{name: rms}]}")
    assert added.frontend.options["members"] == [*two, rms]


def test_an_option_of_the_last_member(files):
    first, last = files(*STACK, "--frontend.members.n_mels", "64").frontend.options["members"]
    assert "n_mels" not in first and last["n_mels"] == 64
    with pytest.raises(EscGpuError, match="frontend.members is {'name': 'rms'}; expected a list of front-ends"):
        files(*STACK, "--frontend.members", "{name: rms}")


def test_members_of_a_later_file_replace_those_before(files):
    configs = [str(REPOSITORY / "configs" / name) for name in ("logmel_three_resolutions.yaml", "logmel_mfcc_cqt.yaml")]
    both = files("--config", configs[0], "--config", configs[1]).frontend
    assert both == files("--config", configs[1]).frontend


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("window", "2020", "2020"),
        ("window", "no", "no"),
        ("window", "'x'", "'x'"),
        ("window", "a: b", "a: b"),
        ("window", "", ""),
        ("window", "=a=é", "=a=é"),
        ("n_mels", "010", 10),  # not octal
        ("n_mels", "0x40", 64),
        ("fmin", "1e3", 1000.0),
        ("fmin", "-5e-1", -0.5),
        ("pad_short", "yes", True),
    ],
)
def test_text_on_the_command_line_is_read_by_the_type(files, option, text, value):
    for words in ([f"--frontend.{option}", text], [f"--frontend.{option}={text}"]):
        found = files(*words).frontend.options[option]
        assert (found, type(found)) == (value, type(value))


def test_what_is_empty_is_no_number(files):
    for words in (["--frontend.n_mels="], ["--frontend.n_mels", ""]):
        with pytest.raises(EscGpuError, match="frontend.n_mels: Expected a int"):
            files(*words)


def test_null_behind_a_config_of_version_0_1_is_a_value(files):
    config = ["--config", str(EARLIER / "interrupted" / "config.yaml")]
    assert "top_db" not in files(*config).frontend.options
    assert files(*config, "--frontend.top_db", "null").frontend.options["top_db"] is None


def test_a_config_of_version_0_1_goes_over_the_files_before_it(files):
    config = ["--config", str(EARLIER / "finished" / "config.yaml")]
    alone = files(*config).frontend
    assert files("--config", "a.yaml", *config, a="frontend: {name: mfcc, n_mfcc: 13}").frontend == alone


def test_another_backends_option_keeps_this_backend(files):
    """The default of nnAudio's option, which only nnAudio has: "auto" is nnAudio."""
    frontend = files("--frontend.name", "cqt", "--frontend.trainable", "false", "--frontend.n_bins", "84").frontend
    assert frontend == FrontendConfig("cqt", trainable=False)


def test_a_config_from_a_pipe_is_one_line(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("train: {epochs: 3}\n"))
    reader, writer = os.pipe()
    os.write(writer, b"frontend: {name: mfcc}\n")
    os.close(writer)
    try:
        for pipe in ("-", f"/dev/fd/{reader}"):  # the second as in --config <(command)
            assert refusal(parse_run, ["--config", pipe], "train.py").startswith(f"config is '{pipe}'; expected a file")
    finally:
        os.close(reader)
