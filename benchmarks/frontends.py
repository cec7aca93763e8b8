"""Every front-end and backend: its error against float64, its time, its bytes in a checkpoint.

python -m benchmarks.frontends --root ESC-50
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.references import reference
from benchmarks.results_file import RESULTS, require_gpu, write_result
from benchmarks.timing import measure
from esc_gpu import EscGpuError, create_frontend
from esc_gpu.data.esc50 import read_esc50
from esc_gpu.data.store import open_store
from esc_gpu.data.synthetic import write_synthetic
from esc_gpu.frontends import list_backends
from esc_gpu.waveform import FULL_SCALE

NAMES = ("spectrogram", "logmel", "mfcc", "cqt")
ERROR_CLIPS = 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frontends", description=__doc__.splitlines()[0])
    parser.add_argument("--root", help="recordings in ESC-50's layout (default: the embedded synthetic ones)")
    parser.add_argument("--cache-dir", default="~/.cache/esc_gpu", help="folder of the decoded store")
    parser.add_argument("--batch", type=int, default=16, help="clips a call (default: 16)")
    parser.add_argument("--repeats", type=int, default=9, help="timed calls (default: 9)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads")
    parser.add_argument("--require-gpu", action="store_true", help="fail where there is no CUDA device")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the result file")
    arguments = parser.parse_args()
    try:
        if arguments.require_gpu:
            require_gpu()
        run(arguments)
    except EscGpuError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def run(arguments: argparse.Namespace) -> None:
    """Measure, print a table, write the result file."""
    torch.set_num_threads(arguments.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    clips, description = read_clips(arguments)
    rows = []
    for name in NAMES:
        for backend in list_backends(name):
            try:
                rows.append(measure_frontend(name, backend, clips, device, arguments))
            except EscGpuError as error:  # a backend whose package is not installed here
                rows.append({"name": name, "backend": backend, "skipped": str(error)})
            print(format_row(rows[-1], rows), flush=True)
    result = {"benchmark": "frontends", "data": description, "device": device.type, "batch": arguments.batch}
    file = write_result("frontends", {**result, "rows": rows}, arguments.output)
    print(f"written: {file}")


def read_clips(arguments: argparse.Namespace) -> tuple[np.ndarray, str]:
    """`(clips, T)` int16 at 44.1 kHz, spread over the classes, and what they are."""
    cache = Path(arguments.cache_dir).expanduser()
    recordings = read_esc50(arguments.root or write_synthetic(cache / "synthetic"))
    store = open_store(recordings.paths, sample_rate=44100, clip_seconds=5.0, cache_dir=cache / "stores")
    count = max(arguments.batch, ERROR_CLIPS)
    chosen = np.linspace(0, len(store.waveforms) - 1, count).astype(int)
    name = "embedded synthetic" if arguments.root is None else recordings.root.resolve().name
    return store.waveforms[chosen], f"{count} clips of 5 s at 44.1 kHz: {name}"


def measure_frontend(
    name: str, backend: str, clips: np.ndarray, device: torch.device, arguments: argparse.Namespace
) -> dict[str, object]:
    """One row: relative L2 error in power (MFCC: of the coefficients), seconds a batch, bytes."""
    linear = {} if name == "mfcc" else {"scale": "power"}
    exact = create_frontend(name, backend, **linear).to(device)
    some = torch.from_numpy(clips[:ERROR_CLIPS])
    expected = reference(exact, some.numpy() / FULL_SCALE)
    with torch.no_grad():
        got = exact(some.to(device))[:, 0].cpu().double().numpy()
    error = np.linalg.norm(got - expected) / np.linalg.norm(expected)

    frontend = create_frontend(name, backend).to(device)
    batch = torch.from_numpy(clips[: arguments.batch]).to(device)
    with torch.no_grad():
        seconds = measure(lambda: frontend(batch), arguments.repeats)
    return {
        "name": name,
        "backend": backend,
        "options": frontend.options,
        "relative_error": float(error),
        "seconds_per_batch": seconds,
        "ms_per_clip": 1000 * seconds["median"] / arguments.batch,
        "state_dict_bytes": sum(tensor.nbytes for tensor in frontend.state_dict().values()),
    }


def format_row(row: dict[str, object], rows: list[dict[str, object]]) -> str:
    """A line of the table; the ratio is to the native backend of the same feature."""
    label = f"{row['name']:>12} {row['backend']:>11}"
    if "skipped" in row:
        return f"{label}  skipped: {row['skipped']}"
    native = next(r for r in rows if r["name"] == row["name"] and r["backend"] == "native")
    ratio = row["ms_per_clip"] / native["ms_per_clip"]
    return (
        f"{label}  error {row['relative_error']:.1e}  {row['ms_per_clip']:8.3f} ms a clip "
        f"({ratio:5.1f} x native)  {row['state_dict_bytes']} bytes"
    )


if __name__ == "__main__":
    sys.exit(main())
