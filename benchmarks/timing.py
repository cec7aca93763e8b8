"""Seconds of a call: after a warm-up, synchronised, the median of several and their spread."""

import statistics
import time
from collections.abc import Callable

import torch


def measure(call: Callable[[], object], repeats: int = 9, warmup: int = 2) -> dict[str, float]:
    """Median, minimum and maximum seconds of `call`, the device's queue emptied before and after each."""
    for _ in range(warmup):
        call()
    seconds = []
    for _ in range(repeats):
        synchronize()
        started = time.perf_counter()
        call()
        synchronize()
        seconds.append(time.perf_counter() - started)
    return {"median": statistics.median(seconds), "min": min(seconds), "max": max(seconds)}


def synchronize() -> None:
    """Wait until the GPU has done all it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
