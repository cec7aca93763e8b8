"""How busy the device was while a block ran, and what power it drew."""

import statistics
import threading
import time
from collections.abc import Callable

from benchmarks.common.device import Cpu, Cuda, find_device

LOOK_SECONDS = 0.05  # between two looks


class LoadSampler:
    """Looks at the device while a block runs.

    Attributes:
        utilization: the share of the time in which it had work, in percent.
        watts: the power that it drew. Both are means, and None where the device does not tell.
    """

    def __init__(self, device: Cpu | Cuda | None = None) -> None:
        self.device = device or find_device()
        self.looks: dict[str, list[float]] = {"utilization": [], "watts": []}
        self.utilization: float | None = None
        self.watts: float | None = None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def __enter__(self) -> "LoadSampler":
        if self.device.device.type == "cuda":
            self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.done.set()
        if self.thread.ident is not None:
            self.thread.join()
        self.utilization, self.watts = (statistics.fmean(seen) if seen else None for seen in self.looks.values())

    def look(self) -> None:
        """Until the block ends, or the device tells nothing."""
        while not self.done.wait(LOOK_SECONDS):
            answers = {"utilization": self.device.utilization(), "watts": self.device.watts()}
            if all(answer is None for answer in answers.values()):
                return
            for name, answer in answers.items():
                if answer is not None:
                    self.looks[name].append(answer)


def joules_per_call(call: Callable[[], object], seconds: float, device: Cpu | Cuda) -> float | None:
    """Energy of a call that is repeated for so long: mean power times the seconds of one; None where it is unknown.

    The driver's figure of power is a mean over up to a second: shorter times have what went before in it.
    """
    if device.watts() is None:
        return None
    device.synchronize()
    started, calls = time.perf_counter(), 0
    with LoadSampler(device) as sampler:
        while time.perf_counter() - started < seconds:
            call()
            calls += 1
            device.synchronize()  # else the queue would hold calls for a long while after
    taken = time.perf_counter() - started
    return None if sampler.watts is None else sampler.watts * taken / calls
