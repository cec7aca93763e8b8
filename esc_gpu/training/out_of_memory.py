"""A batch that does not fit into memory: cut into more parts, or refused."""

import dataclasses
from collections.abc import Callable
from typing import TypeVar

import torch
from accelerate.utils.memory import should_reduce_batch_size

from esc_gpu.config.schema import RunConfig
from esc_gpu.core.folds import Fold, the_fold
from esc_gpu.errors import EscGpuError, first_line
from esc_gpu.training.accelerator import mixing_alone

Result = TypeVar("Result")


def with_smaller_parts(
    config: RunConfig, n_processes: int, n_clips: int, fold: Fold, reason: Exception
) -> tuple[RunConfig, str]:
    """The config with twice the `train.accumulation`, and the line that says so.

    Raises:
        EscGpuError: where parts cannot be halved: the batch, of no more than `n_clips`, does not divide, its clips are
            mixed and would be alone, several processes would have to agree, or CUDA graphs are to be captured.
    """
    parts = 2 * config.train.accumulation
    # Its profile would want more epochs than are left.
    train = dataclasses.replace(config.train, accumulation=parts, profile=False)
    smaller = dataclasses.replace(config, train=train)
    hindrance = None
    if n_processes > 1:
        hindrance = "one of several processes cannot change it"
    elif min(train.batch_size, n_clips) % parts:
        hindrance = f"{min(train.batch_size, n_clips)} clips do not divide into {parts} parts"
    elif mixing_alone(smaller, parts):
        hindrance = f"{' and '.join(mixing_alone(smaller, parts))} cannot mix clips that are alone in their part"
    elif train.compile == "reduce-overhead":
        hindrance = "train.compile=reduce-overhead takes the batch as one part"
    if hindrance:
        raise EscGpuError(
            f"{the_fold(fold)} ran out of memory with train.batch_size={train.batch_size} and train.accumulation="
            f"{config.train.accumulation}, and {hindrance}: lower train.batch_size or raise train.accumulation "
            f"({first_sentence(reason)})"
        ) from reason
    line = (
        f"{the_fold(fold)} ran out of memory and goes on from its last checkpoint with train.accumulation={parts}: "
        f"batches of {train.batch_size} as before, but batch norm sees {train.batch_size // parts} clips at a time "
        "and the augmentation has other random numbers, which is not quite the same training"
    )
    return smaller, line


def in_smaller_batches(work: Callable[[int], Result], batch_size: int, what: str) -> Result:
    """What `work` gives for batches of so many clips; of half as many, and so on, where it runs out of memory.

    Raises:
        EscGpuError: where it does so with single clips; it says that `what` did.
    """
    while True:
        try:
            return work(batch_size)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if batch_size == 1:
                raise EscGpuError(
                    f"{what} ran out of memory with a single clip: free memory of the device, or choose shorter clips "
                    f"or a smaller model ({first_sentence(error)})"
                ) from error
        batch_size //= 2  # here, where the error does not hold the failed batch any more


def first_sentence(error: Exception) -> str:
    """What an error says first, without its full stop."""
    return first_line(error).partition(". ")[0].removesuffix(".")


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether the device, or this machine, had no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or should_reduce_batch_size(error)
