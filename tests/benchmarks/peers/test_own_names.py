"""What peers take from this project is there: their modules are not imported where their library is missing."""

import ast
import importlib

import pytest

from tests.helpers.paths import REPOSITORY

MODULES = sorted((REPOSITORY / "benchmarks" / "peers").glob("with_*.py"))


@pytest.mark.parametrize("path", MODULES, ids=[path.stem for path in MODULES])
def test_names_of_this_project_are_there(path):
    found = 0
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in ("esc_gpu", "benchmarks"):
            module = importlib.import_module(node.module)
            assert all(hasattr(module, name.name) for name in node.names), ast.unparse(node)
            found += 1
    assert found
