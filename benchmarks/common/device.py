"""What a benchmark asks of the device that it runs on: CUDA's, and a CPU that answers the same questions."""

import time
from collections.abc import Callable

import torch

from benchmarks.common.profiled_memory import profiled_bytes


class Cpu:
    """The CPU: it has nothing to wait for, and says nothing of its load and power."""

    device = torch.device("cpu")

    @property
    def name(self) -> str:
        return "cpu"

    def synchronize(self) -> None:
        """Wait until all work is done: it is."""

    def seconds(self, call: Callable[[], object]) -> float:
        """Seconds of a call."""
        started = time.perf_counter()
        call()
        return time.perf_counter() - started

    def memory(self) -> dict[str, int]:
        """Bytes that this process has of the device's memory: of the host's, which is counted elsewhere, none."""
        return {}

    def peak_bytes(self, call: Callable[[], object]) -> int:
        """Bytes of the tensors of a call at their peak, as torch's profiler saw them."""
        return profiled_bytes(call)

    def utilization(self) -> float | None:
        """The share of the time in which the device had work, in percent; None where nobody knows."""
        return None

    def watts(self) -> float | None:
        """The power that the device draws; None where nobody knows."""
        return None


class Cuda:
    """The current CUDA device."""

    device = torch.device("cuda")

    @property
    def name(self) -> str:
        return torch.cuda.get_device_name()

    def synchronize(self) -> None:
        """Wait until all work is done."""
        torch.cuda.synchronize()

    def seconds(self, call: Callable[[], object]) -> float:
        """Seconds of a call by the device's own clock: from the work before it to its end."""
        started, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        started.record()
        call()
        ended.record()
        ended.synchronize()
        return started.elapsed_time(ended) / 1e3

    def memory(self) -> dict[str, int]:
        """Bytes that this process has of the device's memory, in tensors and in all."""
        return {"allocated_bytes": torch.cuda.memory_allocated(), "reserved_bytes": torch.cuda.memory_reserved()}

    def peak_bytes(self, call: Callable[[], object]) -> int:
        """Bytes of a call at its peak, by the caching allocator's count."""
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before

    def utilization(self) -> float | None:
        """The share of the time in which the device had work, in percent; None where nobody knows."""
        return ask(torch.cuda.utilization, 1.0)

    def watts(self) -> float | None:
        """The power that the device draws, as its driver has it averaged; None where nobody knows."""
        return ask(torch.cuda.power_draw, 1e-3)


def ask(question: Callable[[], float], unit: float) -> float | None:
    """What NVML answers; None where it does not, for any of its many reasons: none is one to stop a measurement."""
    try:
        return unit * question()
    except Exception:
        return None


def find_device() -> Cpu | Cuda:
    """CUDA's device where torch sees one, otherwise the CPU."""
    return Cuda() if torch.cuda.is_available() else Cpu()
