"""Every front-end beside its peers on the same clips: time, memory, bytes in a checkpoint, error against float64.

python -m benchmarks.speed.frontends --root ESC-10
"""

import argparse
import sys
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from benchmarks.common.cards import card_of
from benchmarks.common.command import (
    add_cached_root,
    add_frontends,
    add_output,
    add_require_gpu,
    add_threads,
    create_parser,
)
from benchmarks.common.device import find_device
from benchmarks.common.difference import relative_error
from benchmarks.common.inputs import default_options, linear_options, read_clips
from benchmarks.common.load import joules_per_call
from benchmarks.common.memory import peak_bytes
from benchmarks.common.results_file import require_gpu, write_result
from benchmarks.common.timing import measure_together, microseconds_per_clip
from benchmarks.peers.contenders import Contender, find_contenders
from benchmarks.speed.bars import plot_speeds
from benchmarks.speed.estimates import has_estimate
from esc_gpu import create_frontend
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.full_scale import FULL_SCALE
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.registry import list_frontends

BATCH = {"cpu": 16, "cuda": 256}
HOST_BATCH = 16  # clips a call of what computes on the CPU beside a GPU
Row = dict[str, object]


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    add_cached_root(parser, "the embedded synthetic ones")
    add_frontends(parser)
    parser.add_argument("--batch", type=int, help="clips a call (default: 16 on a CPU, 256 on a GPU)")
    parser.add_argument("--repeats", type=int, default=9, help="timed calls (default: 9)")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds after which a row has no more repeats")
    parser.add_argument("--error-clips", type=int, default=4, help="clips of the error (default: 4)")
    add_threads(parser)
    parser.add_argument("--bandwidth", type=float, help="GB/s of the GPU's memory (default: its data sheet's)")
    parser.add_argument("--energy-seconds", type=float, default=1.0, help="of a call for its energy (default: 1)")
    add_require_gpu(parser)
    add_output(parser, "the result file and its plot")
    arguments = parser.parse_args(argv)
    return reporting(lambda: run(arguments))


def run(arguments: argparse.Namespace) -> None:
    """Measure, print a table, write the result file and its plot."""
    if arguments.require_gpu:
        require_gpu()
    torch.set_num_threads(arguments.threads)
    device = find_device().device
    batch = arguments.batch or BATCH[device.type]
    stored, description = read_clips(arguments.root, arguments.cache_dir, max(batch, arguments.error_clips))
    bench = Bench(stored.astype(np.float32) / FULL_SCALE, batch, device, arguments)
    rows: list[Row] = []
    result = {
        "benchmark": "frontends",
        "data": description,
        "input": "float32, on the device",
        "device": device.type,
        "batch": batch,
        "threads": arguments.threads,
        "clip_bytes": stored.shape[1] * 4,
        "errors_against": exact_features()[1],
        "rows": rows,
    }
    for name in arguments.only or list_frontends():
        rows += print_rows(bench.measure_feature(name))
        file = write_result("frontends", result, arguments.output)  # whatever stops it later
    print(f"written: {file}")
    if any("us_per_clip" in row for row in rows):
        plot_speeds(file.with_suffix(".png"), result)
        print(f"written: {file.with_suffix('.png')}")


def exact_features() -> tuple[Callable[[Frontend, np.ndarray], np.ndarray], str]:
    """What errors are measured against: a front-end and `(B, T)` → `(B, C, F, N)` float64; and its name."""
    try:
        from benchmarks.exactness.float64_references import reference
    except ModuleNotFoundError as error:  # a GPU host may not have librosa
        return native_float64, f"the native layers in float64 on the CPU, as {error.name} is not installed"
    return reference, "float64 sums, by librosa where it has them"


def native_float64(frontend: Frontend, clips: np.ndarray) -> np.ndarray:
    """The layer's own features in float64 on the CPU, its constants in float32."""
    with torch.no_grad():
        return frontend.double()(torch.from_numpy(clips)).numpy()


class Bench:
    """The clips and the device that all rows have in common.

    Args:
        clips: `(clips, T)` float32; the first `batch` are timed, some spread over all are compared with float64.
    """

    def __init__(self, clips: np.ndarray, batch: int, device: torch.device, arguments: argparse.Namespace):
        self.device = device
        self.arguments = arguments
        spread = np.linspace(0, len(clips) - 1, arguments.error_clips).astype(int)
        self.compared = clips[spread]
        self.host_clips = clips[: batch if device.type == "cpu" else min(batch, HOST_BATCH)]
        self.device_clips = torch.from_numpy(clips[:batch]).to(device)

    def measure_feature(self, name: str) -> list[Row]:
        """One row a contender: what of it could be measured, or why it was skipped."""
        contenders = find_contenders(name, self.device)
        rows = {contender.label: self.describe(name, contender) for contender in contenders}
        exact, _ = exact_features()
        expected = exact(create_frontend(name, "native", **linear_options(name)), self.compared)
        calls = {}
        for contender in contenders:
            try:
                calls[contender.label] = self.prepare(name, contender, expected, rows[contender.label])
            except Exception as error:  # what a library cannot do here is a row, not the end of the run
                rows[contender.label]["skipped"] = f"{type(error).__name__}: {error}".splitlines()[0]
        with torch.no_grad():
            measured = measure_together(calls, self.arguments.repeats, 1, self.arguments.budget)
            for label, call in calls.items():
                row = rows[label]
                row |= speed(measured[label], row["batch"])
                if has_estimate(name) and not row["on_host"]:
                    row["joules_per_clip"] = self.joules(call, row["batch"])
                row["peak_bytes"] = peak_bytes(call, torch.device("cpu" if row["on_host"] else self.device))
        rows = list(rows.values())
        add_ratios(rows)
        self.add_bandwidth(rows)
        return rows

    def describe(self, name: str, contender: Contender) -> Row:
        """The row of a contender before it is measured."""
        return {
            "name": name,
            "label": contender.label,
            "library": contender.library,
            "is_ours": contender.is_ours,
            "on_host": contender.on_host,
            "differs": contender.differs,
            "is_member": contender.is_member,
            "batch": len(self.host_clips if contender.on_host else self.device_clips),
        }

    def prepare(self, name: str, contender: Contender, expected: np.ndarray, row: Row) -> Callable[[], object]:
        """A call of the whole batch, run once; writes the error, the bytes and the shape into `row`."""
        with torch.no_grad():
            if not contender.is_member:
                compared = self.compared if contender.on_host else torch.from_numpy(self.compared).to(self.device)
                got = as_array(contender.build(linear_options(name))(compared))
                row["relative_error"] = comparable_error(got, expected)
            call = contender.build(default_options(name))
            clips = self.host_clips if contender.on_host else self.device_clips
            output = call(clips)
        row["output_shape"] = list(output.shape)
        row["output_bytes"] = output.nbytes
        is_module = isinstance(call, nn.Module)
        row["state_dict_bytes"] = sum(t.nbytes for t in call.state_dict().values()) if is_module else None
        return lambda: call(clips)

    def joules(self, call: Callable[[], object], batch: int) -> float | None:
        """Energy of a clip; None where the device does not tell its power."""
        joules = joules_per_call(call, self.arguments.energy_seconds, find_device())
        return None if joules is None else joules / batch

    def add_bandwidth(self, rows: list[Row]) -> None:
        """On a GPU: how near each row is to reading the clips and writing the features once, and nothing else."""
        if self.device.type != "cuda":
            return
        card = card_of(find_device().name)
        limit = self.arguments.bandwidth or (card and card.bandwidth_gb)
        for row in rows:
            if limit and "us_per_clip" in row and not row["on_host"]:
                n_bytes = (self.device_clips.nbytes + row["output_bytes"]) / row["batch"]
                row["bandwidth_fraction"] = n_bytes / (1e3 * limit * row["us_per_clip"]["median"])


def speed(seconds: dict[str, float], n_clips: int) -> Row:
    """Microseconds a clip and clips a second, of the seconds of calls."""
    return {
        "us_per_clip": microseconds_per_clip(seconds, n_clips),
        "clips_per_second": n_clips / seconds["median"],
        "repeats": seconds["repeats"],
    }


def as_array(output: object) -> np.ndarray:
    """Features of any library as float64."""
    return np.asarray(output.cpu() if isinstance(output, torch.Tensor) else output, dtype=np.float64)


def comparable_error(got: np.ndarray, expected: np.ndarray) -> float | None:
    """The relative error; None for another number of values, and for NaN."""
    if got.size != expected.size or not np.isfinite(got).all():
        return None
    return relative_error(got.reshape(expected.shape), expected)


def add_ratios(rows: list[Row]) -> None:
    """Time over that of the feature's fastest peer and, for a stack, over that of its slowest member."""
    timed = [row for row in rows if "us_per_clip" in row]
    peers = [row["us_per_clip"]["median"] for row in timed if not row["is_ours"]]
    members = [row["us_per_clip"]["median"] for row in timed if row["is_member"]]
    for row in timed:
        median = row["us_per_clip"]["median"]
        row["ratio_to_fastest_peer"] = median / min(peers) if peers else None
        if members:
            row["ratio_to_slowest_member"] = median / max(members)


def print_rows(rows: list[Row]) -> list[Row]:
    """A line of the table for each row; returns them."""
    for row in rows:
        print(format_row(row), flush=True)
    return rows


def format_row(row: Row) -> str:
    """A line of the table."""
    label = f"{row['name']:>18}  {row['label']:<23}"
    if "skipped" in row:
        return f"{label}skipped: {row['skipped']}"
    microseconds, error = row["us_per_clip"], row.get("relative_error")
    parts = [
        f"{microseconds['median']:10.1f} us a clip ({microseconds['min']:.1f} to {microseconds['max']:.1f})",
        "no error stated" if error is None else f"error {error:.1e}{' (differs)' if row['differs'] else ''}",
        f"peak {row['peak_bytes'] / 1e6:.0f} MB",
    ]
    if row["ratio_to_fastest_peer"] is not None:
        parts.append(f"{row['ratio_to_fastest_peer']:.2f} x the fastest peer")
    if "ratio_to_slowest_member" in row:
        parts.append(f"{row['ratio_to_slowest_member']:.2f} x the slowest member")
    if "bandwidth_fraction" in row:
        parts.append(f"{row['bandwidth_fraction']:.1%} of the bandwidth")
    return label + ", ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
