"""All that is to be known of a GPU, by one command in under nine minutes: its tests and its benchmarks, in one file.

    python -m benchmarks.gpu --root ESC-10

writes benchmarks/results/GPU-DATE.json, with the result of each part, and the plots beside it.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.results_file import RESULTS, require_gpu, write_result
from esc_gpu import EscGpuError
from esc_gpu.files import read_json

REPOSITORY = Path(__file__).parents[1]
SECONDS = 530.0
LAST_LINES = 15
Command = list[str]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, help="recordings in ESC-50's layout")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="after which no part goes on (default: 530)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the result file and the plots")
    arguments = parser.parse_args(argv)
    try:
        require_gpu()
        file = run_parts(commands(arguments.root), arguments.seconds, arguments.output)
    except EscGpuError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"written: {file}")
    return 0 if all(part["status"] == "passed" for part in read_json(file)["parts"].values()) else 1


def commands(root: str) -> dict[str, Command]:
    """The parts in the order of their worth, with fewer repeats than they have by default."""
    module = [sys.executable, "-m"]
    recordings = ["--require-gpu", "--root", root]
    return {
        "tests": [*module, "pytest", "-q", "-m", "gpu", "tests/test_gpu.py", "tests/frontends/test_kernels.py"],
        "pipeline": [
            *(*module, "benchmarks.pipeline", *recordings, "--workers", "16", "--batch-size", "64"),
            *("--rounds", "1", "--round-seconds", "2"),
        ],
        "cross_validation": [
            *(*module, "benchmarks.cross_validation", "--require-gpu", "--data.root", root),
            *("--config", "configs/logmel.yaml", "--train.epochs", "100"),
        ],
        "frontends": [*module, "benchmarks.frontends", *recordings, "--repeats", "5", "--budget", "2"],
    }


def run_parts(parts: Mapping[str, Command], seconds: float, output: Path) -> Path:
    """Run one part after the other, whatever becomes of each, and write their results as one file.

    A part is a command of this repository. All but the tests are given `--output`, a folder for result and plots.
    """
    deadline = time.monotonic() + seconds
    outcomes = {}
    with tempfile.TemporaryDirectory(prefix="esc_gpu-gpu-") as work:
        for name, command in parts.items():
            folder = Path(work) / name
            folder.mkdir()
            print(f"{name} ...", flush=True)
            with_output = command if name == "tests" else [*command, "--output", str(folder)]
            outcomes[name] = run_part(with_output, max(1.0, deadline - time.monotonic()))
            for result in folder.glob("*.json"):
                outcomes[name]["result"] = read_json(result)
            print(f"{name}: {outcomes[name]['status']} in {outcomes[name]['seconds']:.0f} s", flush=True)
            output.mkdir(parents=True, exist_ok=True)
            for plot in folder.glob("*.png"):
                shutil.copy(plot, output / plot.name)
    return write_result("", {"benchmark": "gpu", "parts": outcomes}, output)


def run_part(command: Command, seconds: float) -> dict[str, object]:
    """Run a command for so long at most: how it ended, how long it took, and its last lines."""
    started = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
        )
        status, output = "passed" if done.returncode == 0 else f"failed ({done.returncode})", done.stdout
    except subprocess.TimeoutExpired as error:
        status, output = f"stopped after {seconds:.0f} s", (error.stdout or b"").decode(errors="replace")
    lines = output.strip().splitlines()[-LAST_LINES:]
    return {"status": status, "seconds": time.monotonic() - started, "last_lines": lines}


if __name__ == "__main__":
    sys.exit(main())
