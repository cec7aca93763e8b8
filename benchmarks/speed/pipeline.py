"""Training and inference of one model, fed by libraries in workers, by precomputed features, and by this package.

    python -m benchmarks.speed.pipeline --root ESC-10

The step, the optimiser, the precision, the order of the clips and the normalisation on the device are the same for
all. Rows of a feature are timed in turns. A DataLoader's workers would fill their queue during another row's turn:
they are shut down after each turn and started and warmed up again for the next. Within a turn the loader goes through
several epochs' orders as one: what starting workers, and running dry at an epoch's end, would cost it is not counted.
All files are in the page cache: they were read or written just before.
"""

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import soundfile
import torch
from tqdm import tqdm

from benchmarks.common.command import add_output, add_require_gpu, add_root, add_threads, create_parser, program
from benchmarks.common.device import find_device
from benchmarks.common.paths import CONFIGS
from benchmarks.common.results_file import require_gpu, write_result
from benchmarks.speed.bars import plot_throughput
from benchmarks.speed.feeds.base import KINDS
from benchmarks.speed.feeds.bench import FeatureBench, Recorded
from benchmarks.speed.feeds.plan import planned_measurements
from esc_gpu import EscGpuError
from esc_gpu.cli.reporting import reporting
from esc_gpu.config.checks import check_config
from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import DataConfig, RunConfig
from esc_gpu.core.device import best_device
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.layouts.esc50 import read_esc50
from esc_gpu.data.store.build import open_store
from esc_gpu.training.compile_choice import keep_gains

FEATURES = {"logmel": "logmel.yaml", "cqt": "cqt.yaml", "stack": "logmel_mfcc_cqt.yaml"}
COMPILE_MODES = {"cpu": [], "cuda": ["default", "reduce-overhead"]}
WORKERS = {"cpu": [0, 1, 2], "cuda": [2, 4, 8, 16]}
BATCHES = {"cpu": 20, "cuda": 200}


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    add_root(parser, required=True)
    parser.add_argument("--features", type=listed(str, FEATURES), default=list(FEATURES), help="(default: all)")
    parser.add_argument("--only", type=listed(str, KINDS), default=list(KINDS), help="feeds by letter (default: all)")
    parser.add_argument("--workers", type=listed(int), help="DataLoader workers (default: 0,1,2; on a GPU 2,4,8,16)")
    add_threads(parser, "CPU threads of this process")
    parser.add_argument("--batch-size", type=int, default=16, help="clips of a step (default: 16)")
    parser.add_argument("--batches", type=int, help="of a round (default: 20; on a GPU 200)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each row (default: 3)")
    parser.add_argument("--round-seconds", type=float, default=10.0, help="a round begins no batch later (default: 10)")
    parser.add_argument(
        "--compile",
        type=listed(str, COMPILE_MODES["cuda"]),
        help="modes of torch.compile that (h) of the first feature is timed with, too (default: none; on a GPU both)",
    )
    parser.add_argument("--backbone", default="resnet18", help="timm model (default: resnet18)")
    parser.add_argument("--sample-rate", type=int, default=44100, help="that of the recordings (default: 44100)")
    parser.add_argument("--clip-seconds", type=float, default=5.0, help="(default: 5)")
    parser.add_argument("--work", type=Path, help="where the temporary files go (default: the system's folder)")
    add_require_gpu(parser)
    add_output(parser, "the result file and its plot")
    arguments = parser.parse_args(argv)
    return reporting(lambda: write_results(arguments))


def write_results(arguments: argparse.Namespace) -> None:
    """Measure, and keep what there is after each feature, with its plot."""
    if arguments.require_gpu:
        require_gpu()
    for result in run(arguments):
        file = write_result("pipeline", result, arguments.output)
        plot_throughput(file.with_suffix(".png"), result)
    gains = gains_of_compiling(result["rows"])
    if gains and best_device().type != "cpu":
        keep_gains(Path(DataConfig.cache_dir).expanduser(), gains)
        print(f"train.compile=auto knows from now on what compiling gains here: {gains}")
    print(f"written: {file}\nwritten: {file.with_suffix('.png')}")


def gains_of_compiling(rows: list[dict[str, Any]]) -> dict[str, float]:
    """By torch.compile's mode: how many times as fast as eager mode the first feature trains from the store."""
    speeds = {
        row["compile"]: row["training_augmented"]["median"]
        for row in rows
        if row["feed"] == "h" and row["feature"] == rows[0]["feature"]
    }
    eager = speeds.pop("no", None)
    return {mode: round(speed / eager, 3) for mode, speed in speeds.items()} if eager else {}


def listed(convert: Callable[[str], object], known: Sequence[str] | None = None) -> Callable[[str], list]:
    """The type of an option like a,b,c."""

    def parse(text: str) -> list:
        values = [convert(part) for part in text.split(",")]
        if known is not None and not set(values) <= set(known):
            raise argparse.ArgumentTypeError(f"{text!r} is not a list of {','.join(known)}")
        return values

    return parse


def run(arguments: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Prepare the data and measure every feature; after each gives what the result file holds by then."""
    device = find_device().device
    workers = arguments.workers or WORKERS[device.type]
    n_batches = arguments.batches or BATCHES[device.type]
    compile_modes = COMPILE_MODES[device.type] if arguments.compile is None else arguments.compile
    check_arguments(arguments, workers, n_batches)
    recorded_options = {"sample_rate": arguments.sample_rate, "clip_seconds": arguments.clip_seconds}
    recordings = read_esc50(arguments.root)
    if len(recordings.paths) < arguments.batch_size:
        raise EscGpuError(f"{arguments.root} has {len(recordings.paths)} clips, less than --batch-size: lower it")
    check_rates(recordings.paths, arguments.sample_rate)
    configs = {name: read_config(name, arguments, device) for name in arguments.features}
    with tempfile.TemporaryDirectory(prefix="esc_gpu-pipeline-", dir=arguments.work) as work, tqdm(unit="round") as bar:
        started = time.perf_counter()
        store = open_store(recordings.paths, cache_dir=Path(work) / "stores", progress=False, **recorded_options)
        recorded = Recorded(recordings, store, folder_bytes(Path(work) / "stores"), time.perf_counter() - started)
        rows, skipped, features = [], [], {}
        planned = arguments.rounds * planned_measurements(arguments.only, workers)
        bar.reset(total=planned * len(configs))
        for name, config in configs.items():
            bar.set_description(f"{name}: preparing")
            modes = compile_modes if name == arguments.features[0] else []  # compiling takes a minute
            bench = FeatureBench(name, config, recorded, Path(work) / name, device, modes)
            bench.create_rows(arguments.only, workers)
            bar.total += arguments.rounds * bench.n_measurements - planned  # some feeds may not be possible
            bar.set_description(name)
            bench.measure(arguments.rounds, n_batches, arguments.round_seconds, bar.update)
            rows, skipped = rows + bench.results, skipped + bench.skipped
            features[name] = bench.describe()
            yield describe(arguments, recordings, bench, workers, n_batches) | {
                "features": features,
                "rows": rows,
                "skipped": skipped,
            }


def describe(
    arguments: argparse.Namespace, recordings: Recordings, bench: FeatureBench, workers: list[int], n_batches: int
) -> dict[str, object]:
    """What was measured on, and how."""
    augmentation = bench.augmented.augment
    return {
        "benchmark": "pipeline",
        "data": {
            "recordings": recordings.root.resolve().name,
            "clips": len(recordings.paths),
            "format": recording_format(recordings.paths[0]),
            "sample_rate": arguments.sample_rate,
            "clip_seconds": arguments.clip_seconds,
        },
        "device": bench.device.type,
        "backbone": arguments.backbone,
        "mixed_precision": bench.accelerator.mixed_precision,
        "threads": torch.get_num_threads(),
        "workers": workers,
        "batch_size": arguments.batch_size,
        "batches": n_batches,
        "rounds": arguments.rounds,
        "round_seconds": arguments.round_seconds,
        "augmentation": {"shift_seconds": augmentation.shift_seconds, "gain_db": augmentation.gain_db},
    }


def check_arguments(arguments: argparse.Namespace, workers: list[int], n_batches: int) -> None:
    """Refuse counts that measure nothing."""
    counts = {
        "--threads": arguments.threads,
        "--batches": n_batches,
        "--rounds": arguments.rounds,
        "--round-seconds": arguments.round_seconds,
    }
    for option, value in counts.items():
        if value <= 0:
            raise EscGpuError(f"{option} is {value}; expected more than 0; correct it")
    if arguments.work is not None and not arguments.work.is_dir():
        raise EscGpuError(f"--work: there is no folder {arguments.work}; make it, or leave the option out")
    if min(workers) < 0 or len(set(workers)) < len(workers):
        raise EscGpuError(f"--workers is {workers}; expected different numbers from 0 on; correct it")


def check_rates(paths: Sequence[Path], sample_rate: int) -> None:
    """Refuse recordings that would be resampled: the libraries' resamplers are not what is compared."""
    for path in paths:
        rate = soundfile.info(path).samplerate
        if rate != sample_rate:
            raise EscGpuError(f"{path}: has {rate} Hz; expected {sample_rate} Hz; give --sample-rate {rate}")


def read_config(name: str, arguments: argparse.Namespace, device: torch.device) -> RunConfig:
    """The run of a feature, without masks; on a GPU with the front-ends' default options in place of the file's."""
    options = {
        "config": CONFIGS / FEATURES[name],
        "data.root": arguments.root,
        "data.sample_rate": arguments.sample_rate,
        "data.clip_seconds": arguments.clip_seconds,
        "model.backbone": arguments.backbone,
        "augment.freq_masks": 0,
        "augment.time_masks": 0,
        "train.batch_size": arguments.batch_size,
        "train.threads": arguments.threads,
    }
    words = [word for option, value in options.items() for word in (f"--{option}", str(value))]
    config = parse_run(words, program(__spec__))
    check_config(config)
    if device.type == "cuda":
        members = [{"name": member["name"]} for member in config.frontend.options.get("members", [])]
        frontend = FrontendConfig(config.frontend.name, **({"members": members} if members else {}))
        config = dataclasses.replace(config, frontend=frontend)
    return config


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in it."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def recording_format(path: Path) -> str:
    """Container and coding of an audio file."""
    info = soundfile.info(path)
    return f"{info.format}, {info.subtype}"


if __name__ == "__main__":
    sys.exit(main())
