"""An hour of audio through every front-end: seconds and memory.

python -m benchmarks.speed.long_recording
"""

import sys
import time
from collections.abc import Sequence

import torch

from benchmarks.common.command import add_frontends, add_output, create_parser
from benchmarks.common.device import find_device
from benchmarks.common.inputs import SAMPLE_RATE, default_options
from benchmarks.common.memory import peak_bytes
from benchmarks.common.results_file import keep_result
from esc_gpu import create_frontend, list_frontends


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="length of the recording (default: 60)")
    add_frontends(parser)
    add_output(parser)
    arguments = parser.parse_args(argv)
    device = find_device().device
    n_samples = round(60 * arguments.minutes * SAMPLE_RATE)
    recording = torch.empty(1, n_samples, dtype=torch.int16)
    recording.random_(-3000, 3000, generator=torch.Generator().manual_seed(0))
    recording = recording.to(device)
    print(f"{arguments.minutes:g} minutes, {recording.nbytes / 1e6:.0f} MB as int16")
    rows = []
    for name in arguments.only or list_frontends():
        frontend = create_frontend(name, "native", **default_options(name)).to(device)
        rows.append({"name": name, **run_through(frontend, recording)})
        row = rows[-1]
        print(
            f"{name:>20}  {row['seconds']:7.2f} s  {row['peak_bytes'] / 1e9:6.2f} GB over the recording, "
            f"{row['output_bytes'] / 1e9:.2f} GB of them the features",
            flush=True,
        )
    result = {"benchmark": "long_recording", "minutes": arguments.minutes, "device": device.type, "rows": rows}
    keep_result("long recording", result, arguments.output)
    return 0


@torch.no_grad()
def run_through(frontend: torch.nn.Module, recording: torch.Tensor) -> dict[str, object]:
    """Seconds, peak memory and the features' bytes of one call."""
    row: dict[str, object] = {}

    def call() -> None:
        started = time.perf_counter()
        features = frontend(recording)
        find_device().synchronize()
        row["seconds"] = time.perf_counter() - started
        row["output_bytes"] = features.nbytes

    row["peak_bytes"] = peak_bytes(call, recording.device)
    return row


if __name__ == "__main__":
    sys.exit(main())
