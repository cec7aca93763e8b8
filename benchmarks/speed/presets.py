"""The presets beside the code that defines the models' inputs: the largest difference, and milliseconds a clip.

PYTHONPATH=PEERS python -m benchmarks.speed.presets --threads 2
"""

import argparse
import sys
from collections.abc import Sequence

import numpy as np
import torch

from benchmarks.common.command import add_output, add_threads, create_parser
from benchmarks.common.device import find_device
from benchmarks.common.results_file import keep_result
from benchmarks.common.timing import measure_together
from benchmarks.peers.presets import EXTRACTORS, hard_clips, version_of
from esc_gpu import create_frontend
from esc_gpu.cli.reporting import reporting
from esc_gpu.frontends.presets import PRESETS, Preset

LIMIT = 1e-4  # of the largest of the values that the model sees


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("--only", nargs="+", choices=list(PRESETS), metavar="NAME", help="presets (default: all)")
    parser.add_argument("--batch", type=int, default=16, help="clips a call (default: 16)")
    parser.add_argument("--seconds", type=float, help="length of the clips (default: that of the model's own)")
    parser.add_argument("--repeats", type=int, default=7, help="timed calls (default: 7)")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds for the calls of one (default: 20)")
    add_threads(parser)
    add_output(parser)
    arguments = parser.parse_args(argv)
    return reporting(lambda: int(any(row.get("verdict") == "fail" for row in run(arguments))))


def run(arguments: argparse.Namespace) -> list[dict[str, object]]:
    """Compare, time, print a table, write the result file; returns its rows."""
    torch.set_num_threads(arguments.threads)
    rows = []
    for name in arguments.only or PRESETS:
        rows.append(compare(PRESETS[name], arguments))
        print(as_line(rows[-1]), flush=True)
    kept = {"batch": arguments.batch, "repeats": arguments.repeats, "limit": LIMIT, "rows": rows}
    keep_result("presets", {"benchmark": "presets", "device": find_device().device.type, **kept}, arguments.output)
    return rows


def compare(preset: Preset, arguments: argparse.Namespace) -> dict[str, object]:
    """One preset: how far its values are from the reference's, and the time of both."""
    library, make = EXTRACTORS[preset.name]
    row: dict[str, object] = {"name": preset.name, "library": library, "sample_rate": preset.sample_rate}
    try:
        extract = make()
    except (ImportError, OSError, RuntimeError) as error:  # as torchaudio of another CUDA raises
        return row | {"skipped": str(error).splitlines()[0]}
    seconds = arguments.seconds or preset.clip_seconds
    clips = hard_clips(preset.name, arguments.batch, seconds)
    device = find_device().device
    frontend, waveform = create_frontend(preset.name).to(device), torch.from_numpy(clips).to(device)
    with torch.no_grad():
        calls = {"ours": lambda: frontend(waveform), "theirs": lambda: extract(clips)}
        expected = calls["theirs"]()
        difference = float(np.abs(calls["ours"]().cpu().numpy() - expected).max())
        times = measure_together(calls, arguments.repeats, budget_seconds=arguments.budget)
    row |= {"version": version_of(library), "seconds": seconds, "shape": list(frontend.output_shape(clips.shape[1]))}
    largest = float(np.abs(expected).max())
    row |= {"largest_difference": difference, "largest_value": largest}
    row["verdict"] = "pass" if difference <= LIMIT * largest else "fail"
    for whose, taken in times.items():
        row[f"ms_per_clip_{whose}"] = {key: 1e3 * taken[key] / len(clips) for key in ("median", "min", "max")}
    return row


def as_line(row: dict[str, object]) -> str:
    """A row as it is printed."""
    if "skipped" in row:
        return f"{row['name']:>17}  skipped: {row['skipped']}"
    ours, theirs = (row[f"ms_per_clip_{whose}"]["median"] for whose in ("ours", "theirs"))
    return (
        f"{row['name']:>17}  {row['library']:>12}  {row['largest_difference']:.1e}  {row['seconds']:g} s: "
        f"{ours:8.3f} ms a clip, theirs {theirs:8.3f}, {theirs / ours:.1f} x"
    )


if __name__ == "__main__":
    sys.exit(main())
