"""Where users import from stays, however the files behind it move."""

import importlib

import pytest

from tests.helpers.public_paths import PATHS


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in PATHS.items() for name in names])
def test_a_name_is_where_it_was(module, name):
    found = getattr(importlib.import_module(module), name)
    assert name == "__version__" or getattr(found, "__name__", name).rpartition(".")[2] == name
