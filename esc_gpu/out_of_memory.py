"""A batch that does not fit into memory: cut into more parts, or refused."""

import dataclasses

from esc_gpu.config import RunConfig
from esc_gpu.errors import EscGpuError


def with_smaller_parts(config: RunConfig, n_processes: int, fold: int, reason: Exception) -> tuple[RunConfig, str]:
    """The config with twice the `train.accumulation`, and the line that says so.

    Raises:
        EscGpuError: where parts cannot be halved: the batch does not divide, several processes would have to agree, or
            CUDA graphs are to be captured.
    """
    train = config.train
    parts = 2 * train.accumulation
    hindrance = None
    if n_processes > 1:
        hindrance = "one of several processes cannot change it"
    elif train.batch_size % parts:
        hindrance = f"{train.batch_size} clips do not divide into {parts} parts"
    elif train.compile == "reduce-overhead":
        hindrance = "train.compile=reduce-overhead takes the batch as one part"
    if hindrance:
        raise EscGpuError(
            f"fold {fold} ran out of memory with train.batch_size={train.batch_size} and train.accumulation="
            f"{train.accumulation}, and {hindrance}: lower train.batch_size or raise train.accumulation "
            f"({first_sentence(reason)})"
        ) from reason
    line = (
        f"fold {fold} ran out of memory and goes on from its last checkpoint with train.accumulation={parts}: "
        f"batches of {train.batch_size} as before, but batch norm sees {train.batch_size // parts} clips at a time, "
        "which is not quite the same training"
    )
    return dataclasses.replace(config, train=dataclasses.replace(train, accumulation=parts)), line


def first_sentence(error: Exception) -> str:
    """What an error says first; torch adds advice of several lines."""
    lines = str(error).strip().splitlines()
    return lines[0].partition(". ")[0].removesuffix(".") if lines else type(error).__name__
