"""Whatever a YAML file or the command line holds, the answer is a config or an error of one line."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from esc_gpu.config.help import all_keys
from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import RunConfig
from esc_gpu.core.text import printable
from esc_gpu.errors import EscGpuError
from tests.helpers.fuzz import fuzz
from tests.helpers.one_line import is_one_line

QUIET = fuzz(max_examples=30)
SECTIONS = ("data", "frontend", "model", "augment", "train", "tracker")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from(
        ["null", "1e3", "[1,2]", "{a: 1}", "*a", "&a b", "!!python/object:os.system", "\x1b[31m", "é\n- b"]
    ),
)
keys = st.one_of(st.sampled_from(all_keys()), st.sampled_from(SECTIONS), st.text(max_size=8))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=6,
)


def answer(arguments):
    """The config; None for an error, after checking that it is one line."""
    try:
        config = parse_run(arguments, "train.py")
    except EscGpuError as error:
        assert is_one_line(printable(str(error))) and len(str(error).splitlines()) == 1
        return None
    except SystemExit as end:  # --help and --print_config
        assert end.code == 0
        return None
    assert isinstance(config, RunConfig)
    return config


@QUIET
@given(st.one_of(st.binary(max_size=100), st.text(max_size=100).map(lambda text: text.encode())))
@example(b"data: {root: \xe9}")  # in Latin-1
@example(b"a: &a [*a]")
@example(b"data: {root: &a [*a, *a]}")
@example(b"data: &a {root: *a}")
@example(b"data:\n")
@example(b"train: 3\n")
@example(b"model: []\n")
@example(b"[" * 50_000)
@example(b"train: {seed: " + b"9" * 5000 + b"}")
@example(b"train: {seed: 0x_}")
@example(b"train: {lr: 1e400}")
@example(b"a: 1\na: 2\n---\nb")
@example(b"%YAML 9.9\n---\n")
@example(b"folds: 2020-13-45")
@example(b"!!binary x")
def test_any_content_of_a_file(tmp_path, content):
    file = tmp_path / "a.yaml"
    file.write_bytes(content)
    answer(["--config", str(file)])


@QUIET
@given(st.dictionaries(keys, values, max_size=3))
def test_any_values_in_a_file(tmp_path, content):
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    answer(["--config", str(file)])


@QUIET
@given(
    st.lists(
        st.one_of(keys.map(lambda key: f"--{key}"), st.text(max_size=10), st.sampled_from(["1", "--", "=", "\udcff"])),
        max_size=4,
    )
)
@example(["--data", "\udcff"])
@example(["--config", "\udcff"])
@example(["--data.root", "[" * 50_000])
@example(["--frontend.members", "[" * 50_000])
def test_any_words_on_the_command_line(arguments):
    answer(arguments)


@QUIET
@given(
    st.sampled_from(all_keys()),
    st.one_of(scalars.map(str), st.sampled_from(["[1", "{", "'", "@", "- 1", "? a", "\udcff"])),
)
def test_any_value_of_an_option(key, value):
    answer([f"--{key}", value])


@fuzz(10)
@given(st.integers(1, 10**6), st.floats(0, 1), st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8))
def test_right_values_come_through(tmp_path, epochs, lr, name):
    """So that what is checked above is not errors alone."""
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump({"train": {"epochs": epochs}, "data": {"root": name}}), encoding="utf-8")
    config = answer(["--config", str(file), "--train.lr", repr(lr)])
    assert (config.train.epochs, config.train.lr, config.data.root) == (epochs, lr, name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("train: 3", "train is 3; expected a section with options such as train.epochs; add some or remove it"),
        ("model: []", "model is []; expected a section with options such as model.backbone"),
        ("data: {root: x}\ntrain: null", "train is None; expected a section with options such as train.epochs"),
        ("a: &a [*a]", "{file}: a value of the config contains itself; expected plain values; simplify it"),
        ("train: " + "[" * 50_000, "{file}: the YAML has more than 100 levels; expected fewer; simplify it"),
    ],
)
def test_a_section_that_is_none(tmp_path, content, message):
    (tmp_path / "a.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(EscGpuError) as caught:
        parse_run(["--config", str(tmp_path / "a.yaml")], "train.py")
    assert str(caught.value).startswith(message.replace("{file}", str(tmp_path / "a.yaml")))


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: None], ids=["a folder", "nothing"])
def test_a_config_that_is_no_file(tmp_path, make):
    make(tmp_path / "a.yaml")
    assert answer(["--config", str(tmp_path / "a.yaml")]) is None
