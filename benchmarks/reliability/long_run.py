"""What grows in a long run: memory over its steps, and open files and threads over its folds.

    python -m benchmarks.reliability.long_run --steps 1000 --folds 20

A tiny model is trained on made-up tones, read from their store while they are trained on; with evaluations, checkpoints
and pictures as in any run. The first steps and the first folds open and load what stays.
"""

import argparse
import itertools
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import psutil

from benchmarks.common import tones
from benchmarks.common.command import add_output, add_require_gpu, create_parser, program
from benchmarks.common.device import find_device
from benchmarks.common.markdown import heading, line, number
from benchmarks.common.results_file import keep_result, require_gpu
from esc_gpu.cli.reporting import reporting
from esc_gpu.config.parse import parse_run
from esc_gpu.errors import EscGpuError
from esc_gpu.experiment import cross_validation as experiment
from esc_gpu.experiment import folds_at_once as folds
from esc_gpu.training import loop as training

FOLD_CLIPS = 6  # of a short fold: two of each pitch
TRAINING_CLIPS = 160  # of the long fold: twenty steps an epoch
OPTIONS = tones.OPTIONS | {"--data.residence": "stream", "--train.threads": 1}
NAMES = {
    "rss_bytes": "resident memory, MB",
    "allocated_bytes": "GPU memory of tensors, MB",
    "reserved_bytes": "GPU memory reserved, MB",
    "handles": "open files and sockets",
    "threads": "threads",
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("--steps", type=int, default=1000, help="of the long fold (default: 1000)")
    parser.add_argument("--every", type=int, default=50, help="steps between two looks (default: 50)")
    parser.add_argument("--warm-up", type=int, default=200, help="steps before the first look (default: 200)")
    parser.add_argument("--folds", type=int, default=20, help="(default: 20)")
    add_require_gpu(parser)
    add_output(parser)
    return reporting(lambda: measure(parser.parse_args(argv)))


def measure(arguments: argparse.Namespace) -> None:
    """Train both runs, print and write."""
    if arguments.require_gpu:
        require_gpu()
    if arguments.steps < arguments.warm_up + arguments.every:
        raise EscGpuError(f"--steps {arguments.steps} is too few: add --every to --warm-up for the least")
    with tempfile.TemporaryDirectory(prefix="esc_gpu-long-") as work:
        steps = long_fold(Path(work) / "steps", arguments.steps, arguments.every, arguments.warm_up)
        by_fold = many_folds(Path(work) / "folds", arguments.folds)
    result = {
        "benchmark": "long_run",
        "steps": steps,
        "folds": by_fold,
        "backbone": OPTIONS["--model.backbone"],
        "batch_size": OPTIONS["--train.batch_size"],
    }
    print("\n".join(long_run_table(result)))
    keep_result("long run", result, arguments.output)


def long_fold(work: Path, n_steps: int, every: int, warm_up: int) -> list[dict[str, int]]:
    """One fold of `n_steps` or a few more; what was in use every so many steps after the warm-up."""
    table = tones.write_tones(work / "tones", [1] * TRAINING_CLIPS + [2] * FOLD_CLIPS)
    epochs = math.ceil(n_steps * int(OPTIONS["--train.batch_size"]) / TRAINING_CLIPS)
    looks, step = [], itertools.count(1)

    def train_fold(*arguments):
        *given, after_step = arguments

        def look_after_step() -> None:
            after_step()
            if (now := next(step)) >= warm_up and now % every == 0:
                looks.append({"step": now, **look()})

        return training.train_fold(*given, look_after_step)

    with mock.patch.object(folds, "train_fold", train_fold):
        train(work, table, {"--train.epochs": epochs, "--folds": 2})  # the large one is trained on
    return looks


def many_folds(work: Path, n_folds: int) -> list[dict[str, int]]:
    """A run of so many short folds; what was in use after each."""
    table = tones.write_tones(work / "tones", np.repeat(np.arange(1, n_folds + 1), FOLD_CLIPS).tolist())
    looks, finish = [], experiment.finish_fold

    def finish_fold(*arguments):
        metrics = finish(*arguments)
        looks.append({"fold": metrics["fold"], **look()})
        return metrics

    with mock.patch.object(experiment, "finish_fold", finish_fold):
        train(work, table, {"--train.epochs": 1})
    return looks


def train(work: Path, table: Path, options: dict[str, object]) -> None:
    """A run by `train.py`'s options."""
    own = {"--data.table": table, "--data.cache_dir": work / "cache", "--output_dir": work / "run"}
    words = [str(word) for option in (OPTIONS | own | options).items() for word in option]
    experiment.run(parse_run(words, program(__spec__)))


def look() -> dict[str, int]:
    """What this process has in use."""
    process = psutil.Process()
    found = {
        "rss_bytes": process.memory_info().rss,
        "handles": process.num_fds(),
        "threads": process.num_threads(),
    }
    return found | find_device().memory()


def long_run_table(result: dict[str, Any]) -> list[str]:
    """A line for each thing that could grow, over the steps and over the folds."""
    lines = heading("in use", "at first", "at last", "least", "most")
    for unit in ("steps", "folds"):
        looks = result[unit]
        for name, label in NAMES.items():
            if looks and name in looks[0]:
                values = [each[name] / (1e6 if name.endswith("_bytes") else 1) for each in looks]
                lines.append(line(f"{label}; {unit}", *map(number, (values[0], values[-1], min(values), max(values)))))
    steps, by_fold = result["steps"], result["folds"]
    return [
        *lines,
        "",
        f"The process was read {len(steps)} times between steps {steps[0]['step']} and {steps[-1]['step']} of one "
        f"fold, and after each of {len(by_fold)} folds. The training used {result['backbone']} and batches of "
        f"{result['batch_size']} clips of a second, which were streamed, with evaluations, checkpoints and pictures.",
    ]


if __name__ == "__main__":
    sys.exit(main())
