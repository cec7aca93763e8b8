"""The processes of a run, by Accelerate: their precision and threads, and what they have in common."""

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import broadcast_object_list, gather_object
from accelerate.utils.memory import should_reduce_batch_size

from esc_gpu.allocator import keep_freed_memory
from esc_gpu.config import RunConfig
from esc_gpu.environment import local_processes
from esc_gpu.errors import EscGpuError
from esc_gpu.options import OWN, flatten, plain
from esc_gpu.precision import is_fast

LOST = "gloo", "NCCL", "Connection closed by peer", "Connection reset by peer"  # in messages of torch.distributed
LEAST_FRAMES_BF16 = 17  # two columns before the last stride of a backbone that takes a 32nd of the width


def create_accelerator(config: RunConfig, project_dir: Path) -> Accelerator:
    """The Accelerator of a run, in the precision and with the tracker of the config.

    Raises:
        EscGpuError: for a precision or tracker that this machine does not have, processes that do not find each other
            or have other options, or a batch that does not divide.
    """
    train = config.train
    precision = best_precision() if train.mixed_precision == "auto" else train.mixed_precision
    log_with = None if config.tracker.name == "none" else config.tracker.name
    # Accelerate keeps a process's first precision; a second run in it, as in a notebook, may have another.
    AcceleratorState._reset_state()
    try:
        accelerator = Accelerator(mixed_precision=precision, log_with=log_with, project_dir=project_dir)
    except (ValueError, ImportError) as error:
        raise EscGpuError(
            f"train.mixed_precision={precision} with tracker.name={config.tracker.name} is not possible here: {error}"
        ) from error
    except torch.distributed.DistNetworkError as error:
        place = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
        raise EscGpuError(
            f"the processes of the run cannot meet at {place} ({first_line(error)}): give all the address of the first "
            "machine and a port of it that is free, as by --main_process_ip and --main_process_port"
        ) from error
    check_same_options(config)
    parts = accelerator.num_processes * train.accumulation
    if train.batch_size % parts:
        raise EscGpuError(
            f"train.batch_size={train.batch_size} must divide by processes x train.accumulation = {parts}"
        )
    if accelerator.device.type == "cpu":
        keep_freed_memory()
    # `accelerate launch` leaves a process one thread unless told otherwise.
    torch.set_num_threads(train.threads or max(1, (os.cpu_count() or 1) // local_processes()))
    return accelerator


def check_same_options(config: RunConfig) -> None:
    """Refuse processes of one run with different options, but for those that each machine may have of its own."""
    everywhere = from_all(flatten(plain(dataclasses.asdict(config))))
    for rank, options in enumerate(everywhere):
        differing = [
            f"{name} is {everywhere[0].get(name)} and {options.get(name)}"
            for name in sorted(everywhere[0].keys() | options.keys())
            if everywhere[0].get(name) != options.get(name) and not name.startswith(OWN)
        ]
        if differing:
            raise EscGpuError(
                f"processes 0 and {rank} of the run have different options: {'; '.join(differing)}: give all machines "
                "the same command and config"
            )


@contextmanager
def reporting_lost_process() -> Iterator[None]:
    """Another process of the run that has ended or gives no answer is one line here: its own output says why."""
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, torch.distributed.DistError) or any(word in str(error) for word in LOST)):
            raise
        raise EscGpuError(
            f"another process of the run has ended, or does not answer ({first_line(error)}): look at what it said, "
            "then go on from the last checkpoint by --resume"
        ) from error


def first_line(error: Exception) -> str:
    """What an error says first: torch adds the stack of its C++."""
    return str(error).strip().partition("\n")[0].rstrip(".")


def best_precision() -> str:
    """bf16 where the hardware multiplies it, else "no": emulated bf16 is many times slower than float32."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return "bf16" if is_fast("bf16", device) else "no"


def check_precision(accelerator: Accelerator, n_frames: int) -> None:
    """Refuse bf16 on a CPU for images so narrow that a convolution with a stride finds a single column.

    oneDNN gets the gradient of its weights wrong then (torch 2.11, AVX-512 BF16), not always to NaN.
    """
    if accelerator.device.type == "cpu" and accelerator.mixed_precision == "bf16" and n_frames < LEAST_FRAMES_BF16:
        raise EscGpuError(
            f"images of {n_frames} frames are too narrow for bf16 on a CPU, which needs {LEAST_FRAMES_BF16}: "
            "train with --train.mixed_precision no, a shorter frontend.hop_length or longer clips"
        )


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether the device, or this machine, had no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or should_reduce_batch_size(error)


def from_local_main(accelerator: Accelerator, value: Any) -> Any:
    """The `value` of the first process on this machine, on every process of it."""
    return from_all(value)[accelerator.process_index - accelerator.local_process_index]


def from_all(value: Any) -> list[Any]:
    """The `value` of every process, by rank."""
    return gather_object([value])


def from_main(value: Any) -> Any:
    """The main process's `value`, on every process: only its machine need have the run's folder."""
    return broadcast_object_list([value])[0]
