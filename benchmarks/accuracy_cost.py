"""The time of each row's front-end alone, in turns on the same clips."""

import functools
import os
from pathlib import Path

import numpy as np
import torch

from benchmarks.timing import measure_together
from esc_gpu.allocator import keep_freed_memory
from esc_gpu.build import build_model
from esc_gpu.config import RunConfig
from esc_gpu.environment import describe_environment
from esc_gpu.errors import EscGpuError
from esc_gpu.experiment import open_clips, open_recordings
from esc_gpu.files import read_json, write_json
from esc_gpu.frontends.base import Frontend
from esc_gpu.waveform import FULL_SCALE

BATCH, ROUNDS = 16, 9
COST = "cost.json"


def front_ends(configs: dict[str, RunConfig]) -> dict[str, Frontend]:
    """Each row's front-end.

    Raises:
        EscGpuError: for a table of recordings that cannot be read, or a row that is no model.
    """
    layers = {}
    for name, config in configs.items():
        recordings = open_recordings(config, True, lambda line: None)
        try:
            layers[name] = build_model(config, len(recordings.class_names)).frontend.eval()
        except EscGpuError as error:
            raise EscGpuError(f"row {name}: {error}") from error
    return layers


def measure_or_read(
    work: Path, layers: dict[str, Frontend], configs: dict[str, RunConfig], anew: bool
) -> dict[str, object]:
    """What an earlier start of the benchmark measured of the same front-ends; else, or `anew`, it is measured now."""
    file = work / COST
    if file.is_file() and not anew:
        earlier = read_json(file)
        wanted = {name: (layer.spec, configs[name].data.clip_seconds) for name, layer in layers.items()}
        if {row["name"]: (row["frontend"], row["clip_seconds"]) for row in earlier["rows"]} == wanted:
            return earlier
    cost = measure(layers, configs)
    write_json(file, cost)
    return cost


@torch.no_grad()
def measure(layers: dict[str, Frontend], configs: dict[str, RunConfig]) -> dict[str, object]:
    """Microseconds a clip of each front-end, on clips of all parts of the recordings, with a training's threads."""
    clips = {config.data: read_batch(config) for config in {c.data: c for c in configs.values()}.values()}
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    threads_before = torch.get_num_threads()
    torch.set_num_threads(next(iter(configs.values())).train.threads or os.cpu_count() or 1)
    if device.type == "cpu":
        keep_freed_memory()  # as a training does
    try:
        calls = {
            name: functools.partial(layer.to(device), clips[configs[name].data].to(device))
            for name, layer in layers.items()
        }
        seconds = measure_together(calls, ROUNDS)
        environment = describe_environment()
    finally:
        torch.set_num_threads(threads_before)
    return {
        "environment": environment,
        "device": device.type,
        "batch": BATCH,
        "rounds": ROUNDS,
        "rows": [
            {
                "name": name,
                "frontend": layer.spec,
                "clip_seconds": configs[name].data.clip_seconds,
                "us_per_clip": {key: 1e6 * seconds[name][key] / BATCH for key in ("median", "min", "max")},
            }
            for name, layer in layers.items()
        ],
    }


def read_batch(config: RunConfig) -> torch.Tensor:
    """`(16, T)` float32, full scale at ±1."""
    store = open_clips(config, open_recordings(config, True, lambda line: None), True)[0]
    chosen = np.linspace(0, store.n_clips - 1, BATCH).astype(int)
    return torch.from_numpy(store.read(chosen).astype(np.float32) / FULL_SCALE)
