"""The numbers of every front-end against float64, on recordings and on signals that are hard for float32.

python -m benchmarks.exactness.frontend_errors --root ESC-10
"""

import argparse
import sys
from collections.abc import Sequence

import numpy as np
import torch

from benchmarks.common.command import add_cached_root, add_frontends, add_output, add_require_gpu, create_parser
from benchmarks.common.difference import relative_error
from benchmarks.common.inputs import linear_options, real_signal, synthetic_signals
from benchmarks.common.results_file import keep_result, require_gpu
from benchmarks.exactness.float64_references import reference
from benchmarks.peers.contenders import OTHERS
from esc_gpu import EscGpuError, create_frontend
from esc_gpu.cli.reporting import reporting
from esc_gpu.frontends import list_backends
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.registry import list_frontends

LIMIT = 1e-5
# The CQT cuts its kernels' spectra off; bands of gammatone filters take in all the spectrum.
LOOSE = dict.fromkeys(("cqt", "vqt", "chroma_cqt", "gammatone", "gfcc", "stack"), 1e-4)
# A rounding moves these by a whole step in a frame: what counts is in how many frames.
STEPPED = dict.fromkeys(("spectral_rolloff", "zero_crossing_rate"), 1e-3)
# Roundings of the samples, in float32's last bit, that an answer in float32 may be worth: an FFT of 2048 takes 11.
ROUNDINGS = 10


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    add_cached_root(parser, "synthetic signals only")
    parser.add_argument("--clips", type=int, default=10, help="recordings that are compared (default: 10)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of the synthetic signals (default: 5)")
    add_frontends(parser)
    add_require_gpu(parser)
    add_output(parser)
    arguments = parser.parse_args(argv)
    return reporting(lambda: int(any(row.get("verdict") == "fail" for row in run(arguments))))


def run(arguments: argparse.Namespace) -> list[dict[str, object]]:
    """Compare, print a table, write the result file; returns its rows."""
    if arguments.require_gpu:
        require_gpu()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    signals = synthetic_signals(arguments.seconds)
    if arguments.root:
        signals = {"recordings": real_signal(arguments.root, arguments.cache_dir, arguments.clips), **signals}
    print(" " * 29 + "".join(f"{name:>12}" for name in signals))
    rows = []
    for name in arguments.only or list_frontends():
        for backend in list_backends(name):
            if backend not in OTHERS:
                rows += compare_backend(name, backend, signals, device)
    counts = {verdict: sum(row.get("verdict") == verdict for row in rows) for verdict in ("pass", "rounding", "fail")}
    print(
        f"{counts['pass']} within their limit, {counts['rounding']} (~) beyond it by what rounding the samples does, "
        f"{counts['fail']} (!) failed"
    )
    result = {"benchmark": "errors", "signals": list(signals), "device": device.type, "rows": rows}
    keep_result("errors", result, arguments.output)
    return rows


def compare_backend(
    name: str, backend: str, signals: dict[str, np.ndarray], device: torch.device
) -> list[dict[str, object]]:
    """One row a signal, printed as one line."""
    label = f"{name:>20} {backend:>8}"
    try:
        frontend = create_frontend(name, backend, **linear_options(name)).to(device)
        rows = [{"name": name, "backend": backend, "signal": s} | judge(frontend, signals[s]) for s in signals]
    except EscGpuError as error:  # a backend that this machine does not have
        print(f"{label}  skipped: {error}")
        return [{"name": name, "backend": backend, "skipped": str(error)}]
    marks = {"pass": " ", "rounding": "~", "fail": "!"}
    print(label + "".join(f"{stated_error(row):11.1e}{marks[row['verdict']]}" for row in rows), flush=True)
    return rows


def judge(frontend: Frontend, signal: np.ndarray) -> dict[str, object]:
    """Errors of a front-end on `(B, T)` float32, and whether they are within its limit.

    The verdict is "rounding" where they are not, but the exact features of the clip and of that clip with other last
    bits are as far apart, times `ROUNDINGS`: arithmetic in float32 can hardly do better.
    """
    expected = reference(frontend, signal)
    with torch.no_grad():
        got = frontend(torch.from_numpy(signal).to(frontend.precision.device)).cpu().double().numpy()
    limit = LOOSE.get(frontend.name, LIMIT)
    error = differences(got, expected)
    is_finite = bool(np.isfinite(got).all())
    row = {**error, "finite": is_finite, "limit": limit, "verdict": "pass" if is_finite else "fail"}
    if frontend.name in STEPPED:
        row["frames_off"] = frames_off(got, expected)
        good = row["frames_off"] <= STEPPED[frontend.name]
    else:
        good = stated_error(error) <= limit
    if is_finite and not good:
        signs = np.random.default_rng(0).choice([-1, 1], signal.shape)
        rounded = signal * (1 + signs * np.finfo(np.float32).eps / 2)
        row["rounding_error"] = stated_error(differences(reference(frontend, rounded), expected))
        row["verdict"] = "rounding" if stated_error(error) <= ROUNDINGS * row["rounding_error"] else "fail"
    return row


def differences(got: np.ndarray, expected: np.ndarray) -> dict[str, float | None]:
    """The relative error in the L2 norm (None where all that is expected is 0), and the largest difference."""
    return {"relative_error": relative_error(got, expected), "largest_difference": float(np.abs(got - expected).max())}


def stated_error(row: dict[str, object]) -> float:
    """The relative error or, where there is nothing to be relative to, the largest difference."""
    error = row["relative_error"]
    return row["largest_difference"] if error is None else error


def frames_off(got: np.ndarray, expected: np.ndarray) -> float:
    """Share of the frames in which a value is off by more than float32's rounding."""
    return float((~np.isclose(got, expected, rtol=1e-5, atol=1e-6)).any(axis=(1, 2)).mean())


if __name__ == "__main__":
    sys.exit(main())
