"""Memory that a call takes at its peak, over what was there before."""

import ctypes
import gc
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import torch
from torch.profiler import ProfilerActivity, profile

from esc_gpu.core.files import read_json

INTERVAL_SECONDS = 0.0005


def peak_bytes(call: Callable[[], object], device: torch.device) -> int:
    """Bytes of `call`: the allocator's count on a GPU, sampled resident memory on a CPU."""
    return counted_bytes(call) if device.type == "cuda" else sampled_bytes(call)


def allocated_bytes(call: Callable[[], object], device: torch.device) -> int:
    """Bytes of the tensors of `call` at their peak, to the byte.

    On a CPU that is what torch's allocator gave and took back; NumPy's arrays and the scratch memory that oneDNN takes
    for itself are not in it. On a GPU it is the caching allocator's count, cuDNN's workspaces included.
    """
    return counted_bytes(call) if device.type == "cuda" else profiled_bytes(call)


def counted_bytes(call: Callable[[], object]) -> int:
    """The count of the GPU's allocator."""
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    call()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def profiled_bytes(call: Callable[[], object]) -> int:
    """The highest sum of allocations and frees on the CPU, as torch's profiler saw them one after another.

    What `call` frees of earlier memory is left out: the profiler knows its size only where an earlier profile saw it.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as profiler:
        call()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(trace))
        events = [event for event in read_json(trace)["traceEvents"] if event.get("name") == "[memory]"]
    sizes: dict[int, int] = {}
    live = peak = 0
    for event in sorted(events, key=lambda event: event["ts"]):
        address, n_bytes = event["args"]["Addr"], event["args"]["Bytes"]
        if n_bytes > 0:
            sizes[address] = n_bytes
            live += n_bytes
            peak = max(peak, live)
        else:
            live -= sizes.pop(address, 0)
    return peak


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
