"""What every front-end's docstring has: an example that runs, and the line of what the other tests show."""

import doctest
import inspect
import sys

import pytest
import torch

from esc_gpu.frontends.registry import frontend_class, list_backends, list_frontends
from tests.helpers.backends import needs
from tests.helpers.frontend_cases import CASES, promises

CLASSES = [
    pytest.param(name, backend, id=f"{name}-{backend}", marks=needs(backend))
    for name in list_frontends()
    for backend in list_backends(name)
]


@pytest.mark.parametrize(("name", "backend"), CLASSES)
def test_it_says_what_it_promises(name, backend):
    docstring = inspect.cleandoc(vars(frontend_class(name, backend))["__doc__"])
    assert [line for line in docstring.splitlines() if "·" in line] == [promises(name, backend)]


@pytest.mark.parametrize("name", list_frontends(), ids=[f"{name}-native" for name in list_frontends()])
def test_it_has_an_example_that_runs(name, capsys):
    cls = frontend_class(name)
    names = {**vars(sys.modules[cls.__module__]), "torch": torch}
    (example,) = doctest.DocTestFinder(recurse=False).find(cls, cls.__name__, globs=names)
    result = doctest.DocTestRunner(verbose=False).run(example)
    assert result.failed == 0 and result.attempted >= 1, capsys.readouterr().out


def test_every_front_end_and_backend_is_among_the_cases():
    assert {(case["name"], case.get("backend", "native")) for case in CASES.values()} == {
        param.values for param in CLASSES
    }
