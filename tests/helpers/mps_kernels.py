"""Which operators of torch have a kernel for Apple's MPS, by the table that torch is built from."""

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torchgen
import yaml

TABLE = Path(torchgen.__file__).parent / "packaged" / "ATen" / "native" / "native_functions.yaml"


@functools.cache
def table() -> dict[str, dict[str, Any]]:
    """The entries of the table by the operators' names."""
    return {
        entry["func"].partition("(")[0]: entry
        for entry in yaml.load(TABLE.read_text(encoding="utf-8"), yaml.CSafeLoader)
    }


def has_mps_kernel(operator: str) -> bool:
    """Whether `operator`, such as aten.add.Tensor, has a kernel for MPS, or is made of others on every device."""
    entry = table().get(operator.removeprefix("aten.").removesuffix(".default"))
    if entry is None:
        return False
    dispatch = {**entry.get("dispatch", {}), **table().get(entry.get("structured_delegate"), {}).get("dispatch", {})}
    keys = {key.strip() for keys in dispatch for key in keys.split(",")}
    return not keys or "MPS" in keys or any(key.startswith("Composite") for key in keys)


def without_mps_kernel(operators: Iterable[str]) -> list[str]:
    return sorted(operator for operator in operators if not has_mps_kernel(operator))
