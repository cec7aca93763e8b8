"""Options of a user's own front-end, with any annotation, in YAML and on the command line."""

import sys
from types import SimpleNamespace

import pytest

from esc_gpu.config.options import as_dict
from esc_gpu.config.parse import parse_run
from esc_gpu.config.parse_frontend import type_parser
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends import create_frontend
from esc_gpu.frontends.registry import _FRONTENDS
from esc_gpu.frontends.spectrogram import Spectrogram

SOURCE = """
class Own(Spectrogram):
    def __init__(self, *, x{annotation}, **stft):
        super().__init__(**stft)
        self.x = x
"""


@pytest.fixture
def parse(monkeypatch):
    """The front-end of words whose class has an option x as annotated, and what is written of x."""

    def parse(annotation, *words):
        namespace = {"Spectrogram": Spectrogram}
        exec("from typing import Any, Literal\n" + SOURCE.format(annotation=annotation), namespace)
        monkeypatch.setitem(sys.modules, "esc_gpu.frontends.own", SimpleNamespace(Own=namespace["Own"]))
        monkeypatch.setitem(_FRONTENDS, "own", {"native": ("own", "Own")})
        type_parser.cache_clear()
        config = parse_run(["--frontend.name", "own", *words], "train.py")
        return config.frontend, as_dict(config)["frontend"].get("x")

    yield parse
    type_parser.cache_clear()


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (": 'float | None' = 0.5", "0.7", 0.7),
        (": 'float | None' = 0.5", "null", None),
        (": 'Missing' = 1", "3", 3),  # a name for type checkers
        ("=0.5", "0.7", 0.7),
        ("=0.5", "abc", "abc"),
        ("=0.5", "null", None),
        (": Any = 0.5", "[1, 2]", [1, 2]),
        (": Any = 0.5", "null", None),
        (": Literal['a', 'on'] = 'a'", "on", "on"),
        (": Literal[1, 2] = 1", "2", 2),
        (": tuple[int, int] = (1, 1)", "[1, 2]", (1, 2)),
        (": list[int] = []", "[1, 2]", [1, 2]),
        (": dict[str, int] = {}", "{a: 1}", {"a": 1}),
        (": int", "3", 3),
    ],
)
def test_an_option_is_read_by_its_annotation(parse, annotation, text, value):
    frontend, written = parse(annotation, f"--frontend.x={text}")
    assert frontend.options == {"x": value}
    assert written == (list(value) if isinstance(value, tuple) else value)
    assert create_frontend(**frontend.arguments()).x == value


def test_one_without_a_default_is_asked_for(parse):
    frontend, written = parse(": int")
    assert written is None
    with pytest.raises(EscGpuError, match=r"^own \(native\) needs a value for its option 'x': set it$"):
        create_frontend(**frontend.arguments())


@pytest.mark.parametrize(
    ("annotation", "words"),
    [("=0.5", ["VALUE", "[0.5]"]), (": 'Missing' = 0.5", ["VALUE", "[0.5]"]), (": int", ["INT"])],
)
def test_the_help_of_one_without_a_type_or_a_default(parse, annotation, words, capsys):
    with pytest.raises(SystemExit):
        parse(annotation, "--frontend.help", "own")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "--frontend.x" in line]
    assert line.split() == ["--frontend.x", *words]
