"""An exported pipeline in an environment that has neither torch nor this package, against the checkpoint in this one.

    python -m benchmarks.exactness.onnx_agreement RUN --root ESC-10

Makes a virtual environment with numpy, onnxruntime and soundfile, and has benchmarks/exactness/onnx_client.py answer
every clip there, from the audio file on. Fails if an answer is another class than the checkpoint's or a logit off by
over 1e-3.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from benchmarks.common.command import create_export_parser
from benchmarks.common.paths import REPOSITORY
from benchmarks.common.results_file import keep_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.files import read_json
from esc_gpu.core.find_pipeline import find_pipeline
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.errors import EscGpuError
from esc_gpu.inference.agreement import TOLERANCE
from esc_gpu.inference.export import export, read_clips
from esc_gpu.inference.pipeline import Pipeline, load_pipeline

PACKAGES = ("numpy", "onnxruntime", "soundfile")
ABSENT = ("torch", "esc_gpu")
BATCH = 8


def main(argv: Sequence[str] | None = None) -> int:
    arguments = create_export_parser(__spec__, __doc__).parse_args(argv)
    return reporting(lambda: measure(arguments))


def measure(arguments: argparse.Namespace) -> int:
    """Export, answer in both environments, print a table, write the result file; 1 if they disagree."""
    folder = find_pipeline(arguments.run, arguments.fold)
    pipeline = load_pipeline(folder, precision="no")
    recordings = read_recordings(arguments.root)
    paths = recordings.paths
    with tempfile.TemporaryDirectory(prefix="esc_gpu-onnx-") as work:
        file = Path(work) / "model.onnx"
        export(pipeline, file, "onnx", read_clips(pipeline, paths[:: max(1, len(paths) // 32)]), progress=True)
        n_bytes = file.stat().st_size
        python, versions = create_environment(Path(work) / "venv")
        answered = answer_there(python, file, paths)
    expected = answer_here(pipeline, paths)
    differences = (answered - expected).abs().amax(dim=1)
    same_top = answered.argmax(1) == expected.argmax(1)
    result = {
        "benchmark": "onnx_agreement",
        "model": "/".join(folder.resolve().parts[-2:]),  # RUN/foldN
        "frontend": pipeline.model.frontend.spec,
        "backbone": pipeline.model.backbone_name,
        "recordings": recordings.root.resolve().name,
        "file_bytes": n_bytes,
        "client_versions": versions,
        "client_lacks": ABSENT,
        "tolerance": TOLERANCE,
        "clips": len(paths),
        "same_top": int(same_top.sum()),
        "largest_difference": float(differences.max()),
        "median_difference": float(differences.median()),
        "largest_logit": float(expected.abs().max()),
    }
    print_table(result)
    keep_result("onnx_agreement", result, arguments.output)
    return int(not (same_top.all() and result["largest_difference"] <= TOLERANCE))


def create_environment(folder: Path) -> tuple[Path, dict[str, str]]:
    """A virtual environment with the client's packages only: its Python, and the versions of all that is in it."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    constraints = ["--constraint", str(REPOSITORY / "constraints.txt")]
    execute([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *constraints, *PACKAGES])
    check_absent(python)
    listed = json.loads(execute([python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]))
    return python, {package["name"]: package["version"] for package in listed}


def check_absent(python: Path) -> None:
    """Refuse an environment in which the client could use what it must not need."""
    for package in ABSENT:
        done = subprocess.run([str(python), "-I", "-c", f"import {package}"], capture_output=True, text=True)
        if "ModuleNotFoundError" not in done.stderr:
            raise EscGpuError(f"the client's environment has {package}, so that its answers would prove nothing")


def answer_there(python: Path, model: Path, paths: Sequence[Path]) -> Tensor:
    """`(n, K)` float32, the client's logits."""
    saved = model.with_suffix(".json")
    client = REPOSITORY / "benchmarks" / "exactness" / "onnx_client.py"
    execute([python, "-I", client, model, *(path.resolve() for path in paths), "--save", saved])
    return torch.tensor([clip["logits"] for clip in read_json(saved)["clips"]])


@torch.no_grad()
def answer_here(pipeline: Pipeline, paths: Sequence[Path]) -> Tensor:
    """`(n, K)` float32, the checkpoint's logits, by this package from the audio file on."""
    batches = [paths[first : first + BATCH] for first in range(0, len(paths), BATCH)]
    return torch.cat([pipeline(read_clips(pipeline, batch)) for batch in tqdm(batches, "checkpoint", unit="batch")])


def execute(words: Sequence[object]) -> str:
    """The standard output of a command that must succeed."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode:
        raise EscGpuError(f"{Path(str(words[0])).name} {words[1]} ... failed: {done.stderr[-2000:]}")
    return done.stdout


def print_table(result: dict[str, object]) -> None:
    """What was compared, and how it ended."""
    rows = {
        "clips": result["clips"],
        "same top-1": result["same_top"],
        "greatest difference of a logit": f"{result['largest_difference']:.1e}",
        "its median over the clips": f"{result['median_difference']:.1e}",
        "greatest logit": f"{result['largest_logit']:.1f}",
        "model.onnx": f"{result['file_bytes'] / 1e6:.1f} MB",
        "client": ", ".join(f"{name} {result['client_versions'][name]}" for name in PACKAGES),
        "not there": ", ".join(ABSENT),
    }
    for name, value in rows.items():
        print(f"{name:>32}  {value}")


if __name__ == "__main__":
    sys.exit(main())
