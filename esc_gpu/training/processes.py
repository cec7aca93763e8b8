"""The processes of a run, by Accelerate: their precision and threads, and what they have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, gather_object
from torch import Tensor

from esc_gpu.errors import EscGpuError, first_line

LOST = "gloo", "NCCL", "Connection closed by peer", "Connection reset by peer"  # in messages of torch.distributed


@contextmanager
def reporting_lost_process() -> Iterator[None]:
    """Another process of the run that has ended or gives no answer is one line here: its own output says why."""
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, torch.distributed.DistError) or any(word in str(error) for word in LOST)):
            raise
        raise EscGpuError(
            f"another process of the run has ended, or does not answer ({first_line(error).rstrip('.')}): read its "
            "message, then continue from the last checkpoint with --resume"
        ) from error


def from_local_main(accelerator: Accelerator, value: Any) -> Any:
    """The `value` of the first process on this machine, on every process of it."""
    return from_all(value)[accelerator.process_index - accelerator.local_process_index]


def add_up(accelerator: Accelerator, sums: Tensor) -> Tensor:
    """The sum of all processes' tensors, on the device of this one's."""
    if sums.device.type == accelerator.device.type:
        return accelerator.reduce(sums, "sum")
    return torch.stack(from_all(sums)).sum(dim=0)  # what joins GPUs may take no tensors of the CPU


def from_all(value: Any) -> list[Any]:
    """The `value` of every process, by rank."""
    return gather_object([value])


def from_main(value: Any) -> Any:
    """The main process's `value`, on every process: only its machine need have the run's folder."""
    return broadcast_object_list([value])[0]
