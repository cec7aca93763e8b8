"""All that is to be known of a GPU, by one command meant to take less than nine minutes: its tests and benchmarks.

    python -m benchmarks.gpu --root ESC-10

writes benchmarks/results/GPU-DATE.json, with the result of each part as soon as it is there, and the plots beside it.
With --parts it runs some of them, and has their names in the file's. Trainings by the whole recipe take minutes each:
they run only when they are named.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.common.command import add_output, add_root, create_parser
from benchmarks.common.paths import REPOSITORY
from benchmarks.common.results_file import require_gpu, write_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.files import read_json

SECONDS = 520.0
PASSED_LINES, FAILED_LINES = 15, 200  # the last ones of a part that are kept
FOLDER = "FOLDER"  # in a command: where its files go
# By name, the configs of the trainings that run when they are asked for.
RECIPES = {"recipe": "configs/logmel_long.yaml", "recipe_stack": "configs/logmel_delta_long.yaml"}


@dataclass(frozen=True)
class Part:
    """A command of this repository, and the seconds after which it is stopped."""

    command: list[str]
    seconds: float


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    add_root(parser, required=True)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="after which no part goes on (default: 520)")
    add_output(parser, "the result file and the plots")
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=create_parts(""),
        help=f"to run these only (default: all but {' and '.join(RECIPES)})",
    )
    arguments = parser.parse_args(argv)
    return reporting(lambda: measure(arguments))


def measure(arguments: argparse.Namespace) -> int:
    """Run the parts; 1 if one of them has not passed."""
    require_gpu()
    parts = create_parts(str(Path(arguments.root).resolve()))
    usual = [name for name in parts if name not in RECIPES]
    chosen = {name: part for name, part in parts.items() if name in (arguments.parts or usual)}
    name = "" if list(chosen) == usual else " ".join(chosen)
    file = run_parts(chosen, arguments.seconds, arguments.output, name)
    print(f"written: {file}")
    return int(any(part["status"] != "passed" for part in read_json(file)["parts"].values()))


def create_parts(root: str) -> dict[str, Part]:
    """The parts in the order of their worth, with fewer repeats than they have by default."""
    module = [sys.executable, "-m"]
    options = ["--require-gpu", "--output", FOLDER]
    return {
        "tests": Part(
            [
                *(*module, "pytest", "-v", "--tb=short", "-m", "gpu"),
                "tests/test_gpu.py",
            ],
            170,
        ),
        "pipeline": Part(
            [
                *(
                    *module,
                    "benchmarks.speed.pipeline",
                    *options,
                    "--root",
                    root,
                    "--workers",
                    "8",
                    "--batch-size",
                    "64",
                ),
                *("--rounds", "1", "--round-seconds", "2"),
            ],
            240,
        ),
        "cross_validation": Part(
            [
                *(*module, "benchmarks.accuracy.cross_validation", *options, "--data.root", root),
                *("--config", "configs/logmel.yaml", "--output_dir", f"{FOLDER}/run"),
                *("--train.epochs", "50", "--train.checkpoint_every", "50"),
            ],
            120,
        ),
        "frontends": Part(
            [*module, "benchmarks.speed.frontends", *options, "--root", root, "--repeats", "5", "--budget", "2"], 200
        ),
        "long_run": Part([*module, "benchmarks.reliability.long_run", *options, "--folds", "5"], 60),
        **{
            name: Part(
                [
                    *(*module, "benchmarks.accuracy.cross_validation", *options, "--label", name, "--data.root", root),
                    *("--config", "configs/recipes/best.yaml", "--config", config, "--output_dir", f"{FOLDER}/run"),
                    *("--train.eval_every", "40", "--train.checkpoint_every", "120"),
                ],
                SECONDS,
            )
            for name, config in RECIPES.items()
        },
    }


def run_parts(parts: Mapping[str, Part], seconds: float, output: Path, name: str = "") -> Path:
    """Run one part after the other, whatever becomes of each, and keep their results in one file."""
    deadline = time.monotonic() + seconds
    outcomes: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="esc_gpu-gpu-") as work:
        for title, part in parts.items():
            folder = Path(work) / title
            folder.mkdir()
            print(f"{title} ...", flush=True)
            command = [word.replace(FOLDER, str(folder)) for word in part.command]
            outcomes[title] = run_part(command, folder, min(part.seconds, max(1.0, deadline - time.monotonic())))
            for result in folder.glob("*.json"):
                outcomes[title]["result"] = read_json(result)
            for plot in folder.glob("*.png"):
                output.mkdir(parents=True, exist_ok=True)
                shutil.copy(plot, output / plot.name)
            file = write_result(name, {"benchmark": "gpu", "parts": outcomes}, output)
            print(f"{title}: {outcomes[title]['status']} in {outcomes[title]['seconds']:.0f} s", flush=True)
    return file


def run_part(command: list[str], folder: Path, seconds: float) -> dict[str, object]:
    """Run a command for so long at most: how it ended, how long it took, and its last lines.

    It is stopped with all processes that it has started; what they leave behind is in `folder`.
    """
    started = time.monotonic()
    log = folder / "output.txt"
    with open(log, "w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(folder)},
            start_new_session=True,
        )
        try:
            status = process.wait(timeout=seconds)
            status = "passed" if status == 0 else f"failed ({status})"
        except subprocess.TimeoutExpired:
            status = f"stopped after {seconds:.0f} s"
        finally:
            if process.poll() is None:
                kill_all(process)
                process.wait()
    kept = PASSED_LINES if status == "passed" else FAILED_LINES
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return {"status": status, "seconds": time.monotonic() - started, "last_lines": lines[-kept:]}


def kill_all(process: subprocess.Popen) -> None:
    """Kill a process that was started as the first of a session, and what it has started."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
        return
    for started in (*psutil.Process(process.pid).children(recursive=True), process):  # Windows has no groups
        started.kill()


if __name__ == "__main__":
    sys.exit(main())
