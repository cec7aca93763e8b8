"""What no program on this device can beat: the bandwidth of its memory, and the time of starting an operation.

    python -m benchmarks.speed.limits

The bandwidth is that of a large copy on the device, bytes read and written. An operation on one number shows what it
costs the host to start one.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence

import torch

from benchmarks.common.command import add_output, add_require_gpu, create_parser
from benchmarks.common.device import find_device
from benchmarks.common.load import joules_per_call
from benchmarks.common.results_file import keep_result, require_gpu
from esc_gpu.cli.reporting import reporting

STARTS = 1000
ENERGY_SECONDS = 2.0


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("--megabytes", type=int, default=2048, help="that are copied (default: 2048)")
    parser.add_argument("--repeats", type=int, default=9, help="of each measurement (default: 9)")
    add_require_gpu(parser)
    add_output(parser)
    arguments = parser.parse_args(argv)
    return reporting(lambda: run(arguments))


def run(arguments: argparse.Namespace) -> None:
    """Measure both; print and write them."""
    if arguments.require_gpu:
        require_gpu()
    result = {"benchmark": "limits", **measure_limits(arguments.megabytes * 10**6, arguments.repeats)}
    print(
        f"{result['device']}: {result['bandwidth_gb']:,.0f} GB/s in a copy of {arguments.megabytes} MB, "
        f"{result['start_us']:.1f} us to start an operation"
    )
    keep_result("limits", result, arguments.output)


def measure_limits(n_bytes: int, repeats: int) -> dict[str, object]:
    """GB/s of a copy, µs of starting an operation, and joules a copied GB where the device tells its power."""
    device = find_device()
    source = torch.zeros(n_bytes, dtype=torch.uint8, device=device.device)
    target, one = torch.empty_like(source), torch.zeros(1, device=device.device)

    def copy() -> None:
        target.copy_(source)

    def start() -> None:
        for _ in range(STARTS):
            one.add_(1)

    copy_seconds, start_seconds = [], []
    for call, taken in ((copy, copy_seconds), (start, start_seconds)):
        call()
        device.synchronize()
        taken += [device.seconds(call) for _ in range(repeats)]
    joules = joules_per_call(copy, ENERGY_SECONDS, device)
    return {
        "device": device.name,
        "copied_bytes": n_bytes,
        "bandwidth_gb": 2 * n_bytes / statistics.median(copy_seconds) / 1e9,
        "start_us": 1e6 * statistics.median(start_seconds) / STARTS,
        "joules_per_gb": None if joules is None else joules / (2 * n_bytes / 1e9),
        "repeats": repeats,
    }


if __name__ == "__main__":
    sys.exit(main())
