"""Memory that a call takes at its peak, over what was there before."""

import ctypes
import gc
import sys
import threading
import time
from collections.abc import Callable

import psutil
import torch

from benchmarks.common.device import Cpu, Cuda

INTERVAL_SECONDS = 0.0005


def peak_bytes(call: Callable[[], object], device: torch.device) -> int:
    """Bytes of `call`: the allocator's count on a GPU, sampled resident memory on a CPU."""
    return Cuda().peak_bytes(call) if device.type == "cuda" else sampled_bytes(call)


def allocated_bytes(call: Callable[[], object], device: torch.device) -> int:
    """Bytes of the tensors of `call` at their peak, to the byte.

    On a CPU that is what torch's allocator gave and took back; NumPy's arrays and the scratch memory that oneDNN takes
    for itself are not in it. On a GPU it is the caching allocator's count, cuDNN's workspaces included.
    """
    return (Cuda() if device.type == "cuda" else Cpu()).peak_bytes(call)


def sampled_bytes(call: Callable[[], object]) -> int:
    """Growth of this process's resident memory, looked at while `call` runs: peaks between two looks are missed."""
    release_free_memory()
    process = psutil.Process()
    before = peak = process.memory_info().rss
    done = threading.Event()

    def look() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, process.memory_info().rss)
            time.sleep(INTERVAL_SECONDS)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        call()
    finally:
        done.set()
        watcher.join()
    return max(peak, process.memory_info().rss) - before


def release_free_memory() -> None:
    """Give back what earlier calls have freed: a call that takes it again would seem to need nothing."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
        if trim is not None:
            trim(0)
