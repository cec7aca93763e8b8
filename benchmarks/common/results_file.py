"""Where results go: benchmarks/results/NAME-HARDWARE-DATE.json, with hardware and versions inside."""

import re
from pathlib import Path

import torch

from benchmarks.common.paths import RESULTS
from esc_gpu.core.files import write_json
from esc_gpu.core.machine import describe_environment
from esc_gpu.errors import EscGpuError


def write_result(name: str, result: dict[str, object], folder: Path = RESULTS) -> Path:
    """Write `result` with the environment in it; returns the file."""
    environment = describe_environment()
    hardware = environment["gpu"]["name"] if environment["gpu"] else "cpu"
    stem = re.sub(r"[^a-z0-9]+", "-", f"{name} {hardware} {environment['date']}".lower()).strip("-")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{stem}.json"
    write_json(file, {"environment": environment, **result})
    return file


def keep_result(name: str, result: dict[str, object], folder: Path) -> None:
    """`write_result`, and say where."""
    print(f"written: {write_result(name, result, folder)}")


def require_gpu() -> None:
    """Refuse to go on without a CUDA device: a GPU figure is measured on one or not at all."""
    if not torch.cuda.is_available():
        raise EscGpuError("torch sees no CUDA device here: run this where there is one")
