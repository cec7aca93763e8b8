"""What resuming a fold needs, on disk."""

import json
from pathlib import Path

import torch
from accelerate import Accelerator
from torch.optim import Optimizer

from esc_gpu.files import replacing, write_text
from esc_gpu.model import WaveformClassifier
from esc_gpu.processes import from_main

STATE, HISTORY = "state.pt", "metrics.jsonl"


def save_state(
    folder: Path,
    accelerator: Accelerator,
    classifier: WaveformClassifier,
    optimizer: Optimizer,
    history: list[dict[str, float]],
) -> None:
    """Write what resuming needs, and the curves, each whole or not at all; main process only."""
    if not accelerator.is_main_process:
        return
    state = {"model": classifier.state_dict(), "optimizer": optimizer.state_dict(), "history": history}
    if accelerator.scaler is not None:
        state["scaler"] = accelerator.scaler.state_dict()
    with replacing(folder / STATE) as temporary:
        torch.save(state, temporary)
    write_text(folder / HISTORY, "".join(json.dumps(record) + "\n" for record in history))


def load_state(
    folder: Path, accelerator: Accelerator, classifier: WaveformClassifier, optimizer: Optimizer
) -> list[dict[str, float]]:
    """Restore the state of `save_state` that the main process finds, if any; returns the history up to it."""
    file = folder / STATE
    found = accelerator.is_main_process and file.exists()
    state = from_main(torch.load(file, map_location="cpu", weights_only=True) if found else None)
    if state is None:
        if accelerator.scaler is not None:  # it is the run's, and has the scale of the fold before
            accelerator.scaler.load_state_dict(type(accelerator.scaler)().state_dict())
        return []
    classifier.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    if accelerator.scaler is not None:
        accelerator.scaler.load_state_dict(state["scaler"])
    return state["history"]
