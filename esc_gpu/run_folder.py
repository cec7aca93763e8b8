"""The folder of a run: made, resumed, replaced or left alone."""

import dataclasses
import shutil
from pathlib import Path

import yaml

from esc_gpu.config import RunConfig
from esc_gpu.errors import EscGpuError
from esc_gpu.files import write_text
from esc_gpu.model import WaveformClassifier
from esc_gpu.options import RESUMABLE, flatten, plain

CONFIG = "config.yaml"


def prepare_output(config: RunConfig, output_dir: Path, model: WaveformClassifier, n_folds: int) -> None:
    """Make the output folder and write `config.yaml`; what an earlier run left is kept, resumed or replaced."""
    config_file = output_dir / CONFIG
    if config_file.exists() and config.resume:
        check_same_config(config, yaml.safe_load(config_file.read_text()))
        return
    if config_file.exists() and not config.overwrite:
        raise EscGpuError(
            f"{output_dir} already holds a run: go on with it by --resume, replace it by --overwrite, "
            "or choose another --output_dir"
        )
    if output_dir.exists() and not config_file.exists() and any(output_dir.iterdir()):
        raise EscGpuError(f"{output_dir} holds something else than a run: choose another --output_dir")
    try:
        if config_file.exists():
            shutil.rmtree(output_dir)
        output_dir.mkdir(parents=True, exist_ok=True)
        weights = sum(p.numel() * p.element_size() for p in model.parameters())
        check_disk(output_dir, weights * (n_folds + 6))  # a model for each fold; two states of three models each
        write_text(config_file, yaml.safe_dump(plain(dataclasses.asdict(config)), sort_keys=False))
    except OSError as error:
        raise EscGpuError(f"cannot write to {output_dir} ({error}): choose another --output_dir") from error


def check_disk(folder: Path, n_bytes: int) -> None:
    """Refuse a disk that the checkpoints would fill."""
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise EscGpuError(
            f"{folder} has {free / 1e6:.0f} MB free and the checkpoints need {n_bytes / 1e6:.0f} MB: "
            "free some space or choose another --output_dir"
        )


def check_same_config(config: RunConfig, earlier: dict[str, object]) -> None:
    """Refuse to resume a run with another config, naming the keys that differ."""
    now, then = flatten(plain(dataclasses.asdict(config))), flatten(earlier)
    differing = [
        f"{key} was {then.get(key)}, is {now.get(key)}"
        for key in sorted(now.keys() | then.keys())
        if now.get(key) != then.get(key) and not key.startswith(RESUMABLE)
    ]
    if differing:
        raise EscGpuError(f"the run to resume had another config: {'; '.join(differing)}")
