"""The examples in the docstrings run, and what is public has one."""

import doctest
import importlib
from pathlib import Path

import pytest
import torch

import esc_gpu
from esc_gpu import augment, functional, list_frontends
from esc_gpu.frontends.registry import frontend_class

PACKAGE = Path(esc_gpu.__file__).parent
# The others are not imported: some need what is optional.
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")]
MODULES = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in FILES]


def examples_of(module):
    """The docstrings of a module with examples in them, by the dotted names of what they are of."""
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module), extraglobs={"torch": torch})
    return {test.name: test for test in found if test.examples}


@pytest.fixture(scope="module")
def examples():
    return {name: test for module in MODULES for name, test in examples_of(module).items()}


def test_the_examples_run(examples):
    said = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in examples.values():
        runner.run(test, out=said.append)
    assert not said, "".join(said)
    assert runner.tries > 80


def test_every_front_end_and_every_public_function_has_one(examples):
    public = [frontend_class(name) for name in list_frontends()]
    public += [getattr(functional, name) for name in functional.__all__ if name not in list_frontends()]
    public += [getattr(augment, name) for name in augment.__all__]
    names = [f"{item.__module__}.{item.__qualname__}" for item in public]
    assert len(names) > 35 and not set(names) - examples.keys()


def test_an_example_that_is_wrong_is_found(tmp_path, monkeypatch):
    (tmp_path / "broken_example.py").write_text('"""A sum.\n\n>>> 1 + 1\n3\n"""\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    (test,) = examples_of("broken_example").values()
    assert doctest.DocTestRunner().run(test, out=lambda text: None).failed == 1


def test_the_functions_have_the_examples_of_their_classes():
    for name in list_frontends():
        assert ">>> " in getattr(functional, name).__doc__
