"""The hardware and versions that a result was made with."""

import ctypes
import datetime
import functools
import hashlib
import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

import torch

from esc_gpu.core.device import best_device

PACKAGES = ("torch", "torchaudio", "torchvision", "nnAudio", "timm", "accelerate", "numpy", "soxr")


def describe_environment() -> dict[str, Any]:
    """Hardware, versions and date, as plain types."""
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    gpu = describe_gpu()
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": gpu,
        "cuda": torch.version.cuda if gpu else None,
        "platform": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": versions,
        "code": code_digest(),
    }


def describe_gpu() -> dict[str, Any] | None:
    """Name, memory and number of the GPUs of the kind that torch has here; of Apple's, the share of the main memory."""
    kind = best_device().type
    if kind == "mps":
        return {"name": f"{cpu_name()}, MPS", "memory_bytes": torch.mps.recommended_max_memory(), "count": 1}
    if kind not in ("cuda", "xpu"):
        return None
    gpus = torch.cuda if kind == "cuda" else torch.xpu
    properties = gpus.get_device_properties(0)
    return {"name": properties.name, "memory_bytes": properties.total_memory, "count": gpus.device_count()}


@functools.cache
def code_digest() -> str:
    """Of this package's own modules: equal where their text is."""
    digest, package = hashlib.blake2b(digest_size=8), Path(__file__).parents[1]
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def local_processes() -> int:
    """Processes of this run on this machine, which share its cores and memory."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def cpu_name() -> str:
    """The processor's model name, with its widest vector instructions as torch uses them."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"{name} ({torch.backends.cpu.get_cpu_capability()})"


AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


def is_fast(precision: str, device: torch.device) -> bool:
    """Whether the hardware multiplies in `precision`, "bf16" or "fp16": emulated it is far slower than float32.

    Of Apple's MPS torch does not say, and float32 is always right there.
    """
    if device.type == "cuda":
        if precision == "fp16":  # the first of NVIDIA's with units for it is 7.0; AMD's count from 9.0
            return torch.cuda.get_device_capability(device) >= (7, 0)
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "xpu":
        return precision == "fp16" or torch.xpu.is_bf16_supported(including_emulation=False)
    has = torch.cpu.get_capabilities()
    return (
        precision == "bf16" and device.type == "cpu" and (has.get("avx512_bf16", False) or has.get("amx_tile", False))
    )


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


LARGE = (1 << 31) - 1


LARGEST_OF_OLD = 32 << 20  # what an older glibc takes as its threshold


def keep_freed_memory() -> None:
    """Let glibc hold on to freed blocks of every size instead of giving them back to the system.

    By default a block of megabytes, as every activation is on the CPU, is mapped anew each time, and the system clears
    each of its pages. Does nothing with another C library.
    """
    if sys.platform != "linux":  # Windows has no such library by this name
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        if not mallopt(M_MMAP_THRESHOLD, LARGE):
            mallopt(M_MMAP_THRESHOLD, LARGEST_OF_OLD)
        mallopt(M_TRIM_THRESHOLD, LARGE)
