"""The Accelerator of a run, and what its options, precision and processes must fulfil."""

import datetime
import os
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import InitProcessGroupKwargs, parse_flag_from_env

from esc_gpu.config.options import OWN, as_dict, flatten
from esc_gpu.config.schema import RunConfig, TrainConfig
from esc_gpu.core.device import CPU, best_device
from esc_gpu.core.extras import require
from esc_gpu.core.machine import is_fast, keep_freed_memory, local_processes
from esc_gpu.errors import EscGpuError, first_line
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.model.silence import narrow_for_bf16
from esc_gpu.training.data_parallel import data_parallel_options
from esc_gpu.training.launch_environment import check_launch_environment, launched_precision
from esc_gpu.training.nonfinite_steps import leaves_out
from esc_gpu.training.processes import from_all

# One process of a machine decodes the recordings while the others wait; NCCL would give up after ten minutes.
PATIENCE = InitProcessGroupKwargs(timeout=datetime.timedelta(hours=1))
MIXING = "between_class_probability", "mixup_alpha", "cutmix_probability"  # of clips within a part of the batch


def create_accelerator(config: RunConfig, project_dir: Path) -> Accelerator:
    """The Accelerator of a run, in the precision and with the tracker of the config.

    Raises:
        EscGpuError: for a precision or tracker that this machine does not have, what `accelerate launch` asks for
            and a run does not follow, processes that do not find each other or have other options, a batch that does
            not divide, or clips to mix in parts of one clip.
    """
    train = config.train
    check_launch_environment(train.mixed_precision)
    precision = precision_of(train)
    log_with = None if config.tracker.name == "none" else config.tracker.name
    if log_with is not None:  # Accelerate would go on without
        require(log_with, f"tracker.name={log_with}")
    # Accelerate keeps a process's first precision; a second run in it, as in a notebook, may have another. The name is
    # private: where it is gone, Accelerate refuses another precision, and its reason is in the line below.
    getattr(AcceleratorState, "_reset_state", do_nothing)()
    try:
        accelerator = Accelerator(
            mixed_precision=precision, log_with=log_with, project_dir=project_dir, kwargs_handlers=[PATIENCE]
        )
    except ImportError as error:  # it names what it lacks
        raise EscGpuError(
            f"Accelerate needs a package that is missing here: {first_line(error)}; install it, or remove the option "
            "that needs it"
        ) from error
    except ValueError as error:
        raise EscGpuError(
            f"train.mixed_precision={precision} with tracker.name={config.tracker.name} is not possible here: {error}"
        ) from error
    except torch.distributed.DistNetworkError as error:
        place = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
        raise EscGpuError(
            f"the processes of the run cannot meet at {place} ({first_line(error).rstrip('.')}): give all the address "
            "of the first machine and a port of it that is free, as with --main_process_ip and --main_process_port"
        ) from error
    accelerator.ddp_handler = data_parallel_options()  # its constructor takes Accelerate's own class alone
    if precision != "no" and not accelerator.native_amp:  # Accelerate would train in float32, and call it fp16
        asker = "train.mixed_precision" if launched_precision() == "no" else "accelerate's mixed_precision"
        raise EscGpuError(
            f"{asker}={precision} is not possible on this {accelerator.device.type}: set it to bf16 or no"
        )
    check_same_options(config)
    check_leaving_out(train, precision, accelerator.device)
    check_parts(config, accelerator.num_processes * train.accumulation)
    if accelerator.device.type == "cpu":
        keep_freed_memory()
    # `accelerate launch` leaves a process one thread unless told otherwise.
    torch.set_num_threads(train.threads or max(1, (os.cpu_count() or 1) // local_processes()))
    return accelerator


def do_nothing() -> None:
    """In the place of what a later Accelerate may not have."""


def check_leaving_out(train: TrainConfig, precision: str, device: torch.device) -> None:
    """Refuse options by which steps are left out, where the device takes them all the same."""
    if device.type in ("cpu", "cuda") or not (train.on_nonfinite == "skip" or precision == "fp16"):
        return
    if not leaves_out(device):
        reason = "train.on_nonfinite=skip" if train.on_nonfinite == "skip" else "train.mixed_precision=fp16"
        raise EscGpuError(
            f"{reason} leaves out steps whose gradient is not finite, and this PyTorch takes them on {device}: leave "
            "the option out, or install a later PyTorch"
        )


def check_parts(config: RunConfig, n_parts: int) -> None:
    """Refuse a batch that does not divide into so many parts, and clips that are alone where they are to be mixed."""
    batch_size = config.train.batch_size
    if batch_size % n_parts:
        raise EscGpuError(
            f"train.batch_size={batch_size} must be divisible by processes x train.accumulation = {n_parts}"
        )
    mixing = mixing_alone(config, n_parts)
    if mixing:
        raise EscGpuError(
            f"augment.{mixing[0]}={getattr(config.augment, mixing[0]):g} mixes the clips of a part of the batch, and "
            f"train.batch_size={batch_size} over processes x train.accumulation = {n_parts} leaves a part one clip: "
            f"raise train.batch_size, lower train.accumulation, or set augment.{mixing[0]}=0"
        )


def mixing_alone(config: RunConfig, n_parts: int) -> list[str]:
    """Options that mix clips of a part, where a part of the batch is one clip."""
    alone = config.train.batch_size == n_parts
    return [name for name in MIXING if alone and getattr(config.augment, name) > 0]


def check_same_options(config: RunConfig) -> None:
    """Refuse processes of one run with different options, but for those that each machine may have of its own."""
    everywhere = from_all(flatten(as_dict(config)))
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


def precision_of(train: TrainConfig) -> str:
    """What a training multiplies in: "no", "bf16" or "fp16"; "auto" is the launcher's, if it names one."""
    if train.mixed_precision != "auto":
        return train.mixed_precision
    launched = launched_precision()
    return best_precision() if launched == "no" else launched


def best_precision() -> str:
    """bf16 where the hardware multiplies it, else fp16 on a GPU of CUDA's that multiplies that, else "no".

    Emulated, either is many times slower than float32.
    """
    device = CPU if parse_flag_from_env("ACCELERATE_USE_CPU") else best_device()  # as of `accelerate launch --cpu`
    if is_fast("bf16", device):
        return "bf16"
    return "fp16" if device.type == "cuda" and is_fast("fp16", device) else "no"


def check_bf16(accelerator: Accelerator, model: WaveformClassifier, n_samples: int) -> None:
    """Refuse bf16 on a CPU for clips of which a convolution of the backbone gets too narrow an image."""
    if accelerator.device.type != "cpu" or accelerator.mixed_precision != "bf16":
        return
    narrow = narrow_for_bf16(model, n_samples)
    if narrow is not None:
        raise EscGpuError(
            f"images of {model.image_shape(n_samples)[2]} frames are too narrow for bf16 on a CPU: inside "
            f"{model.backbone_name} they are {narrow}: train with --train.mixed_precision no, a shorter "
            "frontend.hop_length, longer clips or a smaller model.stem_stride"
        )
