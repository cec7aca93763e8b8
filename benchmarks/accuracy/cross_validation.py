"""Train and evaluate on the official folds, timed from audio files to report; keep the summary and the predictions.

    python -m benchmarks.accuracy.cross_validation --config configs/logmel.yaml --data.root ESC-50

The summary is a JSON file. Beside it, under the same name, is the csv of each test clip's probabilities, with which two
results can be tested against each other, or averaged, later. The recordings are decoded anew, into a temporary folder,
unless --data.cache_dir names another.
"""

import copy
import dataclasses
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common.command import add_output, add_require_gpu, create_training_parser, program
from benchmarks.common.results_file import require_gpu, write_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import DataConfig
from esc_gpu.core.run_layout import PREDICTIONS
from esc_gpu.errors import EscGpuError
from esc_gpu.experiment.cross_validation import run
from esc_gpu.experiment.output_place import output_place
from esc_gpu.report import format_summary

PRIVATE = {"data": ("root", "table", "cache_dir"), None: ("output_dir", "resume", "overwrite")}  # paths of the machine


def main(arguments: list[str]) -> int:
    parser = create_training_parser(__spec__, __doc__)
    add_require_gpu(parser)
    add_output(parser)
    parser.add_argument("--label", default="", help="a word for its name")
    own, arguments = parser.parse_known_args(arguments)
    return reporting(lambda: measure(arguments, own.output, own.require_gpu, own.label))


def measure(arguments: list[str], output: Path, needs_gpu: bool, label: str) -> None:
    """Train, print the summary and write it, in the main process, into the folder `output`."""
    if needs_gpu:
        require_gpu()
    config = parse_run(arguments, program(__spec__))
    if config.resume:
        raise EscGpuError("--resume would time the rest only; leave it out, with another --output_dir or --overwrite")
    with tempfile.TemporaryDirectory(prefix="esc_gpu-stores-") as stores:
        if (config.data.root or config.data.table) and config.data.cache_dir == DataConfig.cache_dir:
            config = dataclasses.replace(config, data=dataclasses.replace(config.data, cache_dir=stores))
        started = time.perf_counter()
        summary = run(config, announce=print)
        wall_seconds = time.perf_counter() - started
    if summary is None:  # not the main process
        return
    print(format_summary(summary))
    folder = output_place(config)
    config = without_paths(summary.pop("config"))
    data, frontend = summary["data"], summary["frontend"]["name"]
    purpose = "validation" if config["validate"] else ""
    name = f"cross_validation {data['recordings']} {frontend} {label} {purpose}"
    result = {"benchmark": "cross_validation", "wall_seconds": wall_seconds, **summary, "config": config}
    file = write_result(name, result, output)
    predictions = file.with_suffix(".predictions.csv")
    shutil.copyfile(folder / PREDICTIONS, predictions)
    print(f"written: {file}, {predictions}")


def without_paths(config: dict[str, object]) -> dict[str, object]:
    """A run's config without what is said of the machine and its users."""
    config = copy.deepcopy(config)
    for section, names in PRIVATE.items():
        for name in names:
            (config if section is None else config[section]).pop(name)
    if config["model"]["weights"] is not None:
        config["model"]["weights"] = Path(config["model"]["weights"]).name
    return config


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
