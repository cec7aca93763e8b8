"""What `accelerate launch` hands over in the environment, and of this what a run does not follow.

An `accelerate config` file and the launcher's options reach a process as variables, which Accelerate mixes into the run
by itself: ACCELERATE_GRADIENT_ACCUMULATION_STEPS divides the gradients, ACCELERATE_DYNAMO_BACKEND compiles. The run has
options of its own for these, so each such variable is followed or refused by its name.
"""

import os
import re
from typing import NamedTuple

from esc_gpu.errors import EscGpuError

PRECISION = "ACCELERATE_MIXED_PRECISION"
NOTHING = ("", "no", "none", "false", "0")  # values by which a variable asks for nothing
DATA_PARALLEL = (
    "each process has the whole model and a share of the batch: launch with --multi_gpu, or with distributed_type: "
    "MULTI_GPU in accelerate's config"
)


class Refusal(NamedTuple):
    """Variables that are refused: their names as a pattern, the values that do no harm, and what to do."""

    names: str
    harmless: tuple[str, ...]
    advice: str


# The first that a variable matches counts: what turns a strategy on stands before its details.
REFUSALS = (
    Refusal("ACCELERATE_USE_(DEEPSPEED|FSDP|MEGATRON_LM|PARALLELISM_CONFIG)", NOTHING, DATA_PARALLEL),
    Refusal("ACCELERATE_USE_(?!CPU$|XPU$|SAGEMAKER$).*", NOTHING, "leave {option} out of accelerate's config"),
    Refusal("ACCELERATE_SAGEMAKER_DISTRIBUTED_TYPE", NOTHING, DATA_PARALLEL),
    Refusal(
        "ACCELERATE_GRADIENT_ACCUMULATION_STEPS",
        ("", "1"),
        "set --train.accumulation {value}, and gradient_accumulation_steps: 1 in accelerate's config",
    ),
    Refusal(
        "ACCELERATE_GRADIENT_CLIPPING",
        NOTHING,
        "set --train.clip_norm {value}, and leave gradient_clipping out of accelerate's config",
    ),
    Refusal(
        "ACCELERATE_DYNAMO_BACKEND",
        NOTHING,
        "set --train.compile default, and --dynamo_backend no or dynamo_backend: 'NO' in accelerate's config",
    ),
    Refusal(
        "ACCELERATE_DYNAMO_.*",
        (*NOTHING, "default"),
        "--train.compile says how to compile: leave {option} out of accelerate's config",
    ),
    Refusal(
        "ACCELERATE_FP8_.*",
        NOTHING,
        "set --train.mixed_precision bf16, and leave {option} out of accelerate's config",
    ),
    Refusal(
        "XLA_USE_BF16|XLA_DOWNCAST_BF16|ACCELERATE_DOWNCAST_BF16|ACCELERATE_IN_TPU_POD",
        NOTHING,
        "a run does not know TPUs: launch with --multi_gpu or --cpu",
    ),
    Refusal(
        "(ACCELERATE_DEEPSPEED|ACCELERATE_CONFIG_DS|ACCELERATE_ALLOW_CP|FSDP|MEGATRON_LM|PARALLELISM_CONFIG)_.*",
        NOTHING,
        DATA_PARALLEL,
    ),
)


def check_launch_environment(precision: str) -> None:
    """Refuse what `accelerate launch` hands over and a run does not follow.

    Args:
        precision: `train.mixed_precision` of the run.

    Raises:
        EscGpuError: for a variable that would alter the training behind the options' back, by its name and with the
            option to use, and for a precision that the run cannot have or that contradicts its own.
    """
    launched = launched_precision()
    for refusal in REFUSALS:
        for name in sorted(os.environ):
            value = os.environ[name]
            if re.fullmatch(refusal.names, name) and value.lower() not in refusal.harmless:
                advice = refusal.advice.format(option=option_of(name), value=value)
                raise EscGpuError(f"accelerate's {option_of(name)}={value} ({name}) is not used: {advice}")
    if launched not in ("no", precision) and precision != "auto":
        raise EscGpuError(
            f"accelerate's mixed_precision={launched} ({PRECISION}) contradicts train.mixed_precision={precision}: set "
            "one of them to the other, or mixed_precision: 'no' in accelerate's config, which leaves it to the run"
        )


def launched_precision() -> str:
    """The precision that the launcher asks for: "bf16", "fp16", or "no", which it says by default as well.

    Raises:
        EscGpuError: for one that a run cannot have.
    """
    launched = os.environ.get(PRECISION, "").lower()
    if launched in NOTHING:
        return "no"
    if launched not in ("bf16", "fp16"):
        raise EscGpuError(
            f"accelerate's mixed_precision={launched} ({PRECISION}) is not used: set --train.mixed_precision bf16, and "
            "mixed_precision: 'no' in accelerate's config"
        )
    return launched


def option_of(variable: str) -> str:
    """What accelerate's config calls the option behind a variable."""
    return variable.removeprefix("ACCELERATE_").lower()
