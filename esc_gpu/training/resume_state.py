"""What resuming a fold needs, on disk: its last two checkpoints, each with a checksum."""

import contextlib
import hashlib
import io
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch.optim import Optimizer

from esc_gpu.core.files import move, replacing, write_text
from esc_gpu.core.run_layout import HISTORY, PREVIOUS, STATE
from esc_gpu.errors import EscGpuError, EscGpuWarning
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.training.processes import from_main
from esc_gpu.training.tensor_lists import on_the_host
from esc_gpu.training.weight_average import WeightAverage

CHECKSUM_BYTES = 32


def save_state(
    folder: Path,
    accelerator: Accelerator,
    classifier: WaveformClassifier,
    optimizer: Optimizer,
    average: WeightAverage | None,
    history: list[dict[str, float]],
) -> None:
    """Write what resuming needs, and the curves, each whole or not at all; main process only.

    The checkpoint before is kept: at any time there is a whole one.
    """
    if not accelerator.is_main_process:
        return
    state = {"model": classifier.state_dict(), "optimizer": optimizer.state_dict(), "history": history}
    if average is not None:
        state["average"] = average.state_dict()
    if accelerator.scaler is not None:
        state["scaler"] = accelerator.scaler.state_dict()
    content = io.BytesIO()
    torch.save(on_the_host(state), content)
    with replacing(folder / STATE) as temporary:
        with open(temporary, "wb") as file:
            file.write(content.getbuffer())
            file.write(checksum(content.getbuffer()))
        with contextlib.suppress(FileNotFoundError):  # the first, or the one before was broken
            move(folder / STATE, folder / PREVIOUS)
    write_history(folder, history)


def load_state(
    folder: Path,
    accelerator: Accelerator,
    classifier: WaveformClassifier,
    optimizer: Optimizer,
    average: WeightAverage | None = None,
) -> list[dict[str, float]]:
    """Restore the last state of `save_state` that is whole in the main process's folder; returns the history up to it.

    Without a state nothing is restored. A broken one is removed, with a warning, for the one before it.

    Raises:
        EscGpuError: where there are states, and all are broken.
    """
    state = from_main(last_state(folder) if accelerator.is_main_process else None)
    if state is None:
        if accelerator.scaler is not None:  # it is the run's, and has the scale of the fold before
            accelerator.scaler.load_state_dict(type(accelerator.scaler)().state_dict())
        return []
    classifier.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    if average is not None:
        average.load_state_dict(state["average"])
    if accelerator.scaler is not None:
        accelerator.scaler.load_state_dict(state["scaler"])
    if accelerator.is_main_process:
        write_history(folder, state["history"])  # it may be of an epoch before or after
    return state["history"]


def last_state(folder: Path) -> dict[str, Any] | None:
    """The newest state in `folder` that is whole; raises what `load_state` does."""
    broken = []
    for file in (folder / STATE, folder / PREVIOUS):
        if not file.exists():
            continue
        state = read_state(file)
        if state is None:
            broken.append(file)
            continue
        for bad in broken:
            epoch = len(state["history"])
            message = f"{bad} is broken: the fold goes on from {file.name} beside it, of epoch {epoch}"
            warnings.warn(EscGpuWarning(message), stacklevel=3)
            bad.unlink()  # or it would take the place of the whole one
        return state
    if broken:
        names = " and ".join(map(str, broken))
        raise EscGpuError(f"no checkpoint of the fold is complete: delete {names} to start the fold again")
    return None


def read_state(file: Path) -> dict[str, Any] | None:
    """A state, or None where the file is not as it was written; nothing in it is executed."""
    content = memoryview(file.read_bytes())
    body, ending = content[:-CHECKSUM_BYTES], content[-CHECKSUM_BYTES:]
    if checksum(body) != ending:
        return None
    try:
        return torch.load(io.BytesIO(body), weights_only=True)
    except (pickle.UnpicklingError, RuntimeError):
        return None


def checksum(content: bytes | memoryview) -> bytes:
    """BLAKE2b of a file's content, which ends with it: neither zip nor torch look at it there."""
    return hashlib.blake2b(content, digest_size=CHECKSUM_BYTES).digest()


def remove_states(folder: Path) -> None:
    """Remove the states of a fold that is complete."""
    for name in (STATE, PREVIOUS):
        (folder / name).unlink(missing_ok=True)


def write_history(folder: Path, history: list[dict[str, float]]) -> None:
    """`metrics.jsonl`: a line for each epoch."""
    write_text(folder / HISTORY, "".join(json.dumps(record) + "\n" for record in history))
