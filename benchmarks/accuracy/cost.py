"""The time of each row's front-end alone, or of a step of its whole model, in turns on the same clips."""

import dataclasses
import functools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.common.timing import measure_together, microseconds_per_clip
from esc_gpu.config.options import plain
from esc_gpu.config.schema import RunConfig
from esc_gpu.core.files import read_json, write_json
from esc_gpu.core.full_scale import FULL_SCALE
from esc_gpu.core.machine import AUTOCAST, describe_environment, keep_freed_memory
from esc_gpu.errors import EscGpuError
from esc_gpu.experiment.recordings import open_clips, open_recordings
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.training.accelerator import precision_of
from esc_gpu.training.build_model import build_model

BATCH, ROUNDS = 16, 9
COST = "cost.json"
TIMED = "frontend", "model", "clip_seconds"


def build_models(configs: dict[str, RunConfig]) -> dict[str, WaveformClassifier]:
    """Each row's model.

    Raises:
        EscGpuError: for a table of recordings that cannot be read, or a row that is no model.
    """
    models = {}
    for name, config in configs.items():
        recordings = open_recordings(config, True, lambda line: None)
        try:
            models[name] = build_model(config, len(recordings.class_names))
        except EscGpuError as error:
            raise EscGpuError(f"row {name}: {error}") from error
    return models


def measure_or_read(
    work: Path, models: dict[str, WaveformClassifier], configs: dict[str, RunConfig], of_steps: bool, anew: bool
) -> dict[str, object]:
    """What an earlier start of the benchmark measured of the same models; else, or `anew`, it is measured now."""
    file = work / COST
    timed = {name: describe(models[name], config) for name, config in configs.items()}
    if file.is_file() and not anew:
        earlier = read_json(file)
        if {row["name"]: {key: row.get(key) for key in TIMED} for row in earlier["rows"]} == timed:
            return earlier
    cost = measure(models, configs, of_steps)
    write_json(file, cost)
    return cost


def describe(model: WaveformClassifier, config: RunConfig) -> dict[str, object]:
    """What is timed, and on what."""
    options = plain(dataclasses.asdict(config.model))
    return {"frontend": model.frontend.spec, "model": options, "clip_seconds": config.data.clip_seconds}


def step_of(model: WaveformClassifier, waveform: torch.Tensor, precision: str) -> Callable[[], None]:
    """Forward and backward of the whole model in training mode, in the precision of a training."""
    model.train()
    device = waveform.device.type

    def step() -> None:
        with torch.autocast(device, AUTOCAST.get(precision), enabled=precision != "no"):
            loss = model(waveform).logsumexp(dim=1).mean()
        loss.backward()
        model.zero_grad()

    return step


def measure(models: dict[str, WaveformClassifier], configs: dict[str, RunConfig], of_steps: bool) -> dict[str, object]:
    """Microseconds a clip of each, on clips of all parts of the recordings, with a training's threads.

    Of the front-end alone without gradients, or of a step of the whole model.
    """
    clips = {config.data: read_batch(config) for config in {c.data: c for c in configs.values()}.values()}
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    threads_before = torch.get_num_threads()
    torch.set_num_threads(next(iter(configs.values())).train.threads or os.cpu_count() or 1)
    if device.type == "cpu":
        keep_freed_memory()  # as a training does
    try:
        calls = {}
        for name, config in configs.items():
            model, waveform = models[name], clips[config.data].to(device)
            if of_steps:
                calls[name] = step_of(model.to(device), waveform, precision_of(config.train))
            else:
                calls[name] = functools.partial(model.frontend.to(device).eval(), waveform)
        with torch.set_grad_enabled(of_steps):
            seconds = measure_together(calls, ROUNDS)
        environment = describe_environment()
    finally:
        torch.set_num_threads(threads_before)
        for model in models.values():  # the trainings need the device's memory
            model.to("cpu")
    return {
        "environment": environment,
        "device": device.type,
        "of_steps": of_steps,
        "batch": BATCH,
        "rounds": ROUNDS,
        "rows": [
            {
                "name": name,
                **describe(models[name], config),
                "us_per_clip": microseconds_per_clip(seconds[name], BATCH),
            }
            for name, config in configs.items()
        ],
    }


def read_batch(config: RunConfig) -> torch.Tensor:
    """`(16, T)` float32, full scale at ±1."""
    store = open_clips(config, open_recordings(config, True, lambda line: None), True)[0]
    chosen = np.linspace(0, store.n_clips - 1, BATCH).astype(int)
    return torch.from_numpy(store.read(chosen).astype(np.float32) / FULL_SCALE)
