"""Seconds of a call: after a warm-up, synchronised, the median of several and their spread."""

import statistics
import time
from collections.abc import Callable, Mapping

from benchmarks.common.device import find_device

Call = Callable[[], object]
# The threads of another library's pool go on spinning for a while after its call, on the cores of the next one.
PAUSE_SECONDS = 0.05


def measure(call: Call, repeats: int = 9, warmup: int = 2) -> dict[str, float]:
    """Median, minimum and maximum seconds of `call`, the device's queue emptied before and after each."""
    (seconds,) = measure_together({"call": call}, repeats, warmup).values()
    return seconds


def measure_together(
    calls: Mapping[str, Call], repeats: int = 9, warmup: int = 2, budget_seconds: float = float("inf")
) -> dict[str, dict[str, float]]:
    """`measure` of several calls in turns, so that a drift of the machine's speed hits all alike.

    Before each timed call goes a pause and an untimed one of its own: what is timed is a loop of the call, not the
    state in which another library has left the caches and the allocator.
    A call that has taken `budget_seconds` sits the next turns out; it has one at least.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        spent = 0.0
        for _ in range(warmup):
            if spent < budget_seconds / 2:
                spent += seconds_of(call)
    for _ in range(repeats):
        for name, call in calls.items():
            if sum(taken[name]) < budget_seconds:
                time.sleep(PAUSE_SECONDS)
                call()
                taken[name].append(seconds_of(call))
    return {name: spread(seconds) for name, seconds in taken.items()}


def seconds_of(call: Call) -> float:
    """Seconds of one call."""
    device = find_device()
    device.synchronize()
    started = time.perf_counter()
    call()
    device.synchronize()
    return time.perf_counter() - started


def spread(seconds: list[float]) -> dict[str, float]:
    """Median, minimum, maximum and the number of repeats."""
    return {
        "median": statistics.median(seconds),
        "min": min(seconds),
        "max": max(seconds),
        "repeats": len(seconds),
    }


def microseconds_per_clip(seconds: Mapping[str, float], n_clips: int) -> dict[str, float]:
    """Median, minimum and maximum of calls of so many clips each."""
    return {key: 1e6 * seconds[key] / n_clips for key in ("median", "min", "max")}
