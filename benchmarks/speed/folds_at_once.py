"""Folds side by side against one after another: seconds of the same training.

    python -m benchmarks.speed.folds_at_once --config configs/logmel.yaml --data.root ESC-10 \\
        --train.epochs 4 --folds "[1,2]"

The ways take turns, so that a machine's drift meets them alike.
"""

import dataclasses
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.common.command import add_output, create_training_parser, program
from benchmarks.common.results_file import write_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import RunConfig
from esc_gpu.experiment.cross_validation import run


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_training_parser(__spec__, __doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of both ways (default: 3)")
    add_output(parser)
    own, arguments = parser.parse_known_args(argv)
    return reporting(lambda: measure(arguments, own.rounds, own.output))


def measure(arguments: Sequence[str], rounds: int, output: Path) -> None:
    """Train by both ways `rounds` times; print and write the seconds of training and evaluation."""
    config = parse_run(list(arguments), program(__spec__))
    at_once: dict[str, list[dict[str, object]]] = {"1": [], "one a thread": []}
    with tempfile.TemporaryDirectory(prefix="esc_gpu-folds-") as work:
        for number in range(rounds):
            for way, summaries in at_once.items():
                folder = str(Path(work) / f"{way}-{number}")
                summaries.append(run(with_folds_at_once(config, 1 if way == "1" else None, folder)))
    rows = [
        {
            "folds_at_once": way,
            "seconds": [summary["seconds"] for summary in summaries],
            "median_seconds": statistics.median(summary["seconds"] for summary in summaries),
            "accuracy": [fold["accuracy"] for fold in summaries[0]["folds"]],
        }
        for way, summaries in at_once.items()
    ]
    result = {
        "benchmark": "folds_at_once",
        "data": summaries[0]["data"],
        "frontend": summaries[0]["frontend"],
        "backbone": config.model.backbone,
        "folds": [fold["fold"] for fold in summaries[0]["folds"]],
        "epochs": config.train.epochs,
        "batch_size": config.train.batch_size,
        "mixed_precision": summaries[0]["mixed_precision"],
        "threads": torch.get_num_threads(),
        "rows": rows,
        "speedup": rows[0]["median_seconds"] / rows[1]["median_seconds"],
    }
    print(f"side by side {result['speedup']:.2f} times as fast; written: {write_result('folds', result, output)}")


def with_folds_at_once(config: RunConfig, folds_at_once: int | None, folder: str) -> RunConfig:
    """The config with its folds trained by so many at once."""
    train = dataclasses.replace(config.train, folds_at_once=folds_at_once)
    return dataclasses.replace(config, train=train, output_dir=folder)


if __name__ == "__main__":
    sys.exit(main())
