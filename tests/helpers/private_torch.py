"""What tests take from inside torch: where a later torch has it no more, they are slower, or skipped with a reason."""

import functools
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


def find(module: str, name: str) -> Any:
    """What is there by a private name; None where it is gone."""
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None


def find_or_skip(module: str, name: str) -> Any:
    """What is there by a private name, without which a test, or all that import a helper, have nothing to look with."""
    found = find(module, name)
    if found is None:
        pytest.skip(f"this torch has no {module}.{name}", allow_module_level=True)
    return found


class Nothing:
    """Where in Python a node comes from, for those that are not to know."""

    @classmethod
    def extract(cls, **options: Any) -> "Nothing":
        return cls()

    def summary(self) -> list[Any]:
        return []


@contextmanager
def onnx_operators_once() -> Iterator[None]:
    """torch's operators looked up once: it does so anew for every export, half of the time of an ONNX graph.

    And no node of a graph notes where in Python it comes from, a tenth of the time, which only an error would tell.
    """
    registry = find("torch.onnx._internal.exporter._registration", "ONNXRegistry")
    composite = "_collect_all_valid_cia_ops_for_namespace"
    with pytest.MonkeyPatch.context() as patch:
        if hasattr(registry, "from_torchlib"):
            patch.setattr(registry, "from_torchlib", staticmethod(functools.cache(registry.from_torchlib)))
        if found := find("torch._export.utils", composite):
            patch.setattr(f"torch._export.utils.{composite}", functools.cache(found))
        if find("torch.fx.proxy", "CapturedTraceback"):
            patch.setattr("torch.fx.proxy.CapturedTraceback", Nothing)
        yield


@contextmanager
def vector_instructions_by_the_compiler() -> Iterator[None]:
    """The compiler alone is asked what it knows: Inductor loads each trial in a process of its own, after torch."""
    with pytest.MonkeyPatch.context() as patch:
        if isa := find("torch._inductor.cpu_vec_isa", "VecISA"):
            patch.setattr(isa, "_avx_py_load", "", raising=False)
        yield
