"""Bytes of tensors on the CPU, by torch's profiler."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from torch.profiler import ProfilerActivity, profile

from esc_gpu.core.files import read_json


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
