"""Features of a stream: microseconds for each second of audio, the latency, and the difference from the whole clip.

python -m benchmarks.speed.streams
"""

import sys
from collections.abc import Callable, Sequence

import torch

from benchmarks.common.command import add_frontends, add_output, add_threads, create_parser
from benchmarks.common.device import find_device
from benchmarks.common.inputs import SAMPLE_RATE, default_options
from benchmarks.common.results_file import keep_result
from benchmarks.common.timing import measure_together
from esc_gpu import EscGpuError, create_frontend, list_frontends
from esc_gpu.frontends.base import Frontend

CHUNK_MS = (20, 100, 1000)


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the waveform (default: 10)")
    parser.add_argument("--repeats", type=int, default=5, help="timed streams of each kind (default: 5)")
    add_frontends(parser)
    add_threads(parser)
    add_output(parser)
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    device = find_device().device
    generator = torch.Generator().manual_seed(0)
    waveform = torch.rand(1, round(arguments.seconds * SAMPLE_RATE), generator=generator).sub_(0.5).to(device)
    rows = []
    for name in arguments.only or list_frontends():
        frontend = create_frontend(name, "native", **streamed_options(name)).to(device)
        try:
            latency = frontend.stream().latency_seconds
        except EscGpuError as error:
            rows.append({"name": name, "refused": str(error)})
            print(f"{name:>20}  {error}", flush=True)
            continue
        rows.append({"name": name, "latency_seconds": latency, **run_through(frontend, waveform, arguments.repeats)})
        times = "  ".join(f"{rows[-1]['microseconds'][str(chunk)]['median']:8.0f}" for chunk in (*CHUNK_MS, "whole"))
        print(f"{name:>20}  {latency:6.3f} s  {times} µs  {rows[-1]['difference']:.0e}", flush=True)
    result = {
        "benchmark": "streams",
        "seconds": arguments.seconds,
        "sample_rate": SAMPLE_RATE,
        "chunk_ms": list(CHUNK_MS),
        "device": device.type,
        "rows": rows,
    }
    keep_result("streams", result, arguments.output)
    return 0


def streamed_options(name: str) -> dict[str, object]:
    """Default options, but for the limit under the whole clip's maximum; a delta and a stack of such members."""
    options = default_options(name)
    for key in ("member", "members"):
        if key in options:
            members = options[key] if key == "members" else [options[key]]
            without = [{**member, **streamed_options(member["name"])} for member in members]
            return {**options, key: without if key == "members" else without[0]}
    has_limit = "top_db" in create_frontend(name, "native").options
    return {"top_db": None} if has_limit else {}


@torch.no_grad()
def run_through(frontend: Frontend, waveform: torch.Tensor, repeats: int) -> dict[str, object]:
    """Microseconds for each second of audio, in chunks and of the whole clip at once, and the largest difference."""
    seconds = waveform.shape[-1] / SAMPLE_RATE

    def streaming(chunk_ms: int) -> Callable[[], torch.Tensor]:
        def call() -> torch.Tensor:
            stream = frontend.stream()
            chunks = waveform.split(SAMPLE_RATE * chunk_ms // 1000, dim=1)
            return torch.cat([*(stream.push(chunk) for chunk in chunks), stream.end()], dim=-1)

        return call

    calls = {str(chunk_ms): streaming(chunk_ms) for chunk_ms in CHUNK_MS}
    whole = frontend(waveform)
    largest = whole.abs().max()
    difference = max(float((call() - whole).abs().max() / largest) for call in calls.values())
    taken = measure_together({**calls, "whole": lambda: frontend(waveform)}, repeats, warmup=1)
    keys = ("median", "min", "max")
    microseconds = {key: {k: 1e6 * spread[k] / seconds for k in keys} for key, spread in taken.items()}
    return {"microseconds": microseconds, "difference": difference}


if __name__ == "__main__":
    sys.exit(main())
