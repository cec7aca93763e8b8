"""What `train.compile=auto` is on this machine: the mode that was measured to win here, where compiling works."""

import copy
import warnings
from pathlib import Path
from typing import Any

import torch

from esc_gpu.config.schema import RunConfig, training_samples
from esc_gpu.core.files import read_json, write_json
from esc_gpu.core.machine import describe_gpu
from esc_gpu.errors import EscGpuError, EscGpuWarning, first_line
from esc_gpu.model.classifier import WaveformClassifier

FILE = "compile.json"  # in `data.cache_dir`
# Steps a second over those of eager mode, below which compiling is not worth its minute.
LEAST_GAIN = 1.05


def keep_gains(cache_dir: Path, gains: dict[str, float]) -> None:
    """Remember how many times as fast as eager mode each of torch.compile's modes trains on this machine's GPU.

    Args:
        cache_dir: `data.cache_dir` of the runs that are to know.
        gains: by mode, "default" and "reduce-overhead".
    """
    cache_dir.mkdir(parents=True, exist_ok=True)
    file = cache_dir / FILE
    known = read_gains(file)
    write_json(file, known | {hardware(): gains})


def read_gains(file: Path) -> dict[str, Any]:
    """What was kept; nothing where there is no such file, or where it is damaged, as it can be measured again."""
    try:
        known = read_json(file)
    except (EscGpuError, OSError):
        return {}
    return known if isinstance(known, dict) else {}


def hardware() -> str:
    """What a gain depends on: another GPU, or another torch, has others."""
    gpu = describe_gpu()
    return f"{gpu['name'] if gpu else 'no GPU'}, torch {torch.__version__}"


def choose_mode(config: RunConfig, accelerator: Any, classifier: WaveformClassifier) -> str:
    """The mode of torch.compile to train with, or "no".

    With `train.compile=auto` it is the fastest of those measured here, if one is faster than eager mode by LEAST_GAIN.
    That is tried with a step of a copy of the model first: where compiling fails, a line says so, and the training is
    eager. Several processes would have to agree, and are eager.
    """
    train = config.train
    if train.compile != "auto":
        return train.compile
    if accelerator.device.type == "cpu" or accelerator.num_processes > 1:
        return "no"
    gains = read_gains(Path(config.data.cache_dir).expanduser() / FILE).get(hardware(), {})
    # Graphs keep gradients in memory that the next part of a batch overwrites.
    modes = ["default"] if train.accumulation > 1 else ["default", "reduce-overhead"]
    mode = max(modes, key=lambda name: gains.get(name, 0.0))
    if gains.get(mode, 0.0) < LEAST_GAIN:
        return "no"
    return mode if compiles(config, accelerator, classifier, mode) else "no"


def compiles(config: RunConfig, accelerator: Any, classifier: WaveformClassifier, mode: str) -> bool:
    """Whether a step of a copy of the model goes through the compiler, to which a warning gives the reason if not."""
    trial = copy.deepcopy(classifier).train()
    n_clips = config.train.batch_size // config.train.accumulation
    waveform = torch.zeros(n_clips, training_samples(config), device=accelerator.device)
    devices = [accelerator.device] if accelerator.device.type == "cuda" else []
    try:
        compile_parts(trial, mode)
        with torch.random.fork_rng(devices), accelerator.autocast():
            loss = trial(waveform).float().sum()
        loss.backward()
    except Exception as reason:  # compilers have errors of their own, of which they make no promise
        warnings.warn(
            EscGpuWarning(
                f"train.compile=auto continues without compiling, which failed here ({first_line(reason)}): set "
                "train.compile=no to skip the attempt"
            ),
            stacklevel=2,
        )
        return False
    finally:
        torch.compiler.reset()
    return True


def compile_parts(classifier: WaveformClassifier, mode: str) -> None:
    """Compile front-end and backbone where they stand; a checkpoint's names stay as they are."""
    if mode == "no":
        return
    torch.compiler.reset()  # graphs of the fold before belong to its model
    for part in (classifier.frontend, classifier.backbone):
        part.compile(mode=mode, dynamic=False)
