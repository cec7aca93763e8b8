"""The stubs say what the code says, and an editor completes by them."""

import inspect

import jedi
import pytest

import esc_gpu
from esc_gpu import frontends, functional
from esc_gpu.frontends.registry import frontend_class, list_frontends
from esc_gpu.frontends.signature import option_names
from tests.helpers.paths import REPOSITORY
from tools.type_stubs import stubs


@pytest.mark.parametrize("file", ["frontends/__init__.pyi", "functional.pyi"])
def test_they_are_those_of_the_code(file):
    text = (REPOSITORY / "esc_gpu" / file).read_text(encoding="utf-8")
    assert text == stubs()[file], "run python -m tools.type_stubs"


def completions(code):
    """What an editor offers at the end of the code."""
    script = jedi.Script(code, project=jedi.Project(REPOSITORY))
    *_, line = code.split("\n")
    return {completion.name for completion in script.complete(code.count("\n") + 1, len(line))}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('from esc_gpu import create_frontend\ncreate_frontend("logmel", n_m', {"n_mels="}),
        ('import esc_gpu\nesc_gpu.create_frontend("mfcc", n_m', {"n_mels=", "n_mfcc="}),
        ('from esc_gpu.frontends import create_frontend\ncreate_frontend("logmel", trainable_', {"trainable_stft="}),
        ("from esc_gpu.frontends import LogMel\nLogMel(n_m", {"n_mels="}),
        ("from esc_gpu.frontends import Log", {"LogMel"}),
        ("import esc_gpu\nesc_gpu.functional.mf", {"mfcc"}),
        ("from esc_gpu import functional\nfunctional.mf", {"mfcc"}),
        ("from esc_gpu import functional\nfunctional.mfcc(wave, n_m", {"n_mels=", "n_mfcc="}),
        ("import esc_gpu\nesc_gpu.list_b", {"list_backends"}),
    ],
)
def test_an_editor_completes(code, expected):
    assert expected <= completions(code)


def test_another_front_ends_options_are_not_offered():
    """As far as jedi goes, which adds up all overloads of a function, but not those of classes."""
    assert not {name for name in completions("from esc_gpu.frontends import CQT\nCQT(n_") if name == "n_mels="}


@pytest.mark.parametrize("name", list_frontends())
def test_a_signature_shows_every_option(name):
    cls = frontend_class(name)
    assert list(inspect.signature(cls).parameters) == option_names(cls)
    assert getattr(frontends, cls.__name__) is cls and cls.__name__ in frontends.__all__
    assert set(option_names(cls)) <= set(inspect.signature(getattr(functional, name)).parameters)


def test_the_public_names_are_there_and_no_others():
    assert {"functional", "list_backends", "create_frontend"} <= set(dir(esc_gpu))
    assert esc_gpu.list_backends("vqt") == ["native"] and esc_gpu.functional is functional
    for module in (functional, frontends):
        assert dir(module) == sorted(module.__all__) and not [name for name in dir(module) if name.startswith("_")]
        assert all(hasattr(module, name) for name in module.__all__)
    with pytest.raises(AttributeError, match="no attribute 'LogMell'"):
        frontends.LogMell  # noqa: B018
