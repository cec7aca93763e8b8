"""Two processes against one: the same global batches, the same losses.

    python -m benchmarks.exactness.two_processes --root ESC-10

Five folds each, through `accelerate launch`: in float64, where what is left of a difference would be a mistake, and in
float32, where rounding alone drives two runs apart. How far is shown by one process with another number of threads,
which adds up the same numbers in another order, too.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from benchmarks.common.command import add_output, add_root, create_parser
from benchmarks.common.paths import REPOSITORY
from benchmarks.common.results_file import keep_result
from esc_gpu import EscGpuError
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.files import read_json
from esc_gpu.core.run_layout import HISTORY, SUMMARY, fold_folder

IMAGE = {"n_mels": 32, "hop_length": 2048}  # a small one: float64 is slow
# precision, processes, threads of each; a pair's second run is compared with its first
PAIRS = {
    "float64, 2 processes": (("float64", 1, 1), ("float64", 2, 1)),
    "float32, 2 processes": (("float32", 1, 1), ("float32", 2, 1)),
    "float32, 2 threads": (("float32", 1, 1), ("float32", 1, 2)),
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    add_root(parser, required=True)
    parser.add_argument("--epochs", type=int, default=5, help="(default: 5)")
    parser.add_argument("--backbone", default="resnet18", help="timm model (default: resnet18)")
    add_output(parser)
    arguments = parser.parse_args(argv)
    return reporting(lambda: keep_result("processes", compare_runs(arguments), arguments.output))


def compare_runs(arguments: argparse.Namespace) -> dict[str, object]:
    """Run every kind of run once; returns what the result file holds."""
    runs = list(dict.fromkeys(run for pair in PAIRS.values() for run in pair))
    options = {
        "--data.root": arguments.root,
        "--config": REPOSITORY / "configs" / "logmel.yaml",
        **{f"--frontend.{name}": value for name, value in IMAGE.items()},
        "--model.backbone": arguments.backbone,
        "--train.epochs": arguments.epochs,
        "--train.eval_every": 1,
        "--train.mixed_precision": "no",
    }
    with tempfile.TemporaryDirectory(prefix="esc_gpu-processes-") as work:
        folders = {run: Path(work) / "-".join(map(str, run)) for run in runs}
        for run, folder in tqdm(folders.items(), unit="run"):
            launch(run, {**options, "--output_dir": folder})
        summaries = {run: read_json(folder / SUMMARY) for run, folder in folders.items()}
        curves = {run: read_curves(folder, summaries[run]) for run, folder in folders.items()}
    pairs = [
        {
            "name": name,
            "accuracy": [[fold["accuracy"] for fold in summaries[run]["folds"]] for run in pair],
            "loss_difference": differences(*(curves[run] for run in pair), "loss"),
            "test_loss_difference": differences(*(curves[run] for run in pair), "test_loss"),
            "seconds": [summaries[run]["seconds"] for run in pair],
        }
        for name, pair in PAIRS.items()
    ]
    return {
        "benchmark": "processes",
        "data": summaries[runs[0]]["data"],
        "backbone": arguments.backbone,
        "image": IMAGE,
        "epochs": arguments.epochs,
        "lr": summaries[runs[0]]["config"]["train"]["lr"],
        "batch_size": summaries[runs[0]]["config"]["train"]["batch_size"],
        "pairs": pairs,
    }


def launch(run: tuple[str, int, int], options: dict[str, object]) -> None:
    """One training, by the command that a user types."""
    precision, n_processes, threads = run
    script = (
        REPOSITORY / "benchmarks" / "exactness" / "double_precision.py"
        if precision == "float64"
        else REPOSITORY / "train.py"
    )
    words = [
        *(sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_machines", 1, "--mixed_precision", "no"),
        *("--dynamo_backend", "no", "--num_processes", n_processes, script),
        *(part for option in options.items() for part in option),
        *("--train.threads", threads),
    ]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([str(word) for word in words], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise EscGpuError(f"a run of {n_processes} processes failed: {done.stderr[-2000:]}")


def read_curves(folder: Path, summary: dict[str, object]) -> list[list[dict[str, float]]]:
    """The epochs of each fold."""
    files = [fold_folder(folder, fold["fold"]) / HISTORY for fold in summary["folds"]]
    return [[json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] for file in files]


def differences(one: list, other: list, name: str) -> list[float]:
    """For each epoch the largest difference of any fold."""
    by_fold = [[abs(a[name] - b[name]) for a, b in zip(*folds, strict=True)] for folds in zip(one, other, strict=True)]
    return [max(epoch) for epoch in zip(*by_fold, strict=True)]


if __name__ == "__main__":
    sys.exit(main())
