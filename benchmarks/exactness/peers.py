"""The checks of other libraries: what their functions give for each of their options, beside ours.

python -m benchmarks.exactness.peers --root ESC-10
"""

import argparse
import importlib
import sys
import warnings
from collections.abc import Sequence

import numpy as np
import torch

from benchmarks.common.command import add_cached_root, add_output, create_parser
from benchmarks.common.difference import NOTHING
from benchmarks.common.inputs import SAMPLE_RATE, real_signal
from benchmarks.common.results_file import keep_result
from benchmarks.exactness.float64_constants import in_float64
from benchmarks.exactness.peer_checks.checks import Check, default_dtype, unlooked
from benchmarks.peers.presets import version_of
from esc_gpu import EscGpuError, create_frontend
from esc_gpu.cli.reporting import reporting

# A peer, its package, and the modules with its checks.
PEERS = {
    "librosa": ("librosa", ("of_librosa", "of_librosa_frames", "of_librosa_pitches")),
    "torchaudio": ("torchaudio", ("of_torchaudio",)),
    "torchaudio.compliance.kaldi": ("torchaudio", ("of_torchaudio_kaldi",)),
    "kaldi-native-fbank": ("kaldi_native_fbank", ("of_kaldi",)),
    "nnAudio": ("nnAudio", ("of_nnaudio",)),
    "torchlibrosa": ("torchlibrosa", ("of_torchlibrosa",)),
    "essentia": ("essentia", ("of_essentia",)),
    "transformers": ("transformers", ("of_transformers",)),
    "torchvggish": ("torchvggish", ("of_torchvggish",)),
    "scipy": ("scipy", ("of_scipy",)),
}
VERDICTS = "passed", "failed", "not expressible"


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    add_cached_root(parser, "synthetic signals only")
    parser.add_argument("--clips", type=int, default=3, help="recordings that are compared (default: 3)")
    parser.add_argument("--only", nargs="+", choices=list(PEERS), metavar="PEER", help="peers (default: all)")
    add_output(parser)
    arguments = parser.parse_args(argv)
    return reporting(lambda: int(any(row.get("verdict") == "failed" for row in run(arguments))))


def run(arguments: argparse.Namespace) -> list[dict[str, object]]:
    """Compare, print what fails and a table, write the result file; returns its rows."""
    recordings = None
    if arguments.root:
        # The second second: many recordings begin with silence.
        clips = real_signal(arguments.root, arguments.cache_dir, arguments.clips)
        recordings = clips[:, SAMPLE_RATE : 2 * SAMPLE_RATE].astype(np.float64)
    rows, peers = [], []
    for peer in arguments.only or PEERS:
        package, modules = PEERS[peer]
        try:
            loaded = [importlib.import_module(f"benchmarks.exactness.peer_checks.{module}") for module in modules]
            checks = [check for module in loaded for check in module.checks()]
            checks += unlooked(checks)
        except (ImportError, OSError) as error:
            print(f"{peer}: skipped: {error}")
            peers.append({"peer": peer, "skipped": str(error)})
            continue
        of_peer = [{"peer": peer} | judge(check, recordings) for check in checks]
        counts = {verdict: sum(row["verdict"] == verdict for row in of_peer) for verdict in VERDICTS}
        print(f"{peer}: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()), flush=True)
        for row in of_peer:
            if row["verdict"] == "failed":
                print(f"  failed: {row}")
        peers.append({"peer": peer, "version": version_of(package)})
        rows += of_peer
    keep_result("peers", {"benchmark": "peers", "peers": peers, "rows": rows}, arguments.output)
    return rows


def judge(check: Check, recordings: np.ndarray | None) -> dict[str, object]:
    """The row of a check: our spec, and how far ours is from theirs over all signals."""
    row: dict[str, object] = {"function": check.function, "options": {k: plain(v) for k, v in check.options.items()}}
    if check.reason is not None:
        return {**row, "verdict": "not expressible", "reason": check.reason}
    spec = check.spec(check.rates[0])
    row |= {"ours": {name: plain(value) for name, value in spec.items() if name != "sample_rate"}}
    row |= {"tolerance": check.tolerance, "note": check.note} if check.note else {"tolerance": check.tolerance}
    worst, where = 0.0, None
    for rate in check.rates:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of bands that hold no FFT bin, in both
                frontend = in_float64(create_frontend(**check.spec(rate)))
        except EscGpuError as error:
            return {**row, "verdict": "failed", "error": str(error)}
        for name, clip in signals(rate, recordings if rate == SAMPLE_RATE else None).items():
            if name in check.without or len(clip) < frontend.min_samples:
                continue
            apart = difference(frontend, check, clip, rate)
            if not apart <= worst:
                worst, where = apart, f"{name}, {rate} Hz"
    verdict = "passed" if worst <= check.tolerance else "failed"
    return {**row, "largest_difference": float(worst), "signal": where, "verdict": verdict}


def difference(frontend: torch.nn.Module, check: Check, clip: np.ndarray, rate: int) -> float:
    """The largest difference of a clip's features, of their largest value; infinite for another shape."""
    with warnings.catch_warnings(), torch.no_grad(), default_dtype(torch.float64):
        warnings.simplefilter("ignore")
        expected = np.asarray(check.theirs(clip, rate))
        got = frontend(torch.from_numpy(clip)[None])[0, -1].double().numpy()
    if got.shape != expected.shape:
        return np.inf
    known = ~np.isnan(expected)  # of silence, where a peer divides by 0
    largest = np.abs(expected[known]).max(initial=0.0)
    apart = np.abs(got[known] - expected[known]).max(initial=0.0)
    return apart / largest if largest > NOTHING else apart


def signals(rate: int, recordings: np.ndarray | None) -> dict[str, np.ndarray]:
    """`(T,)` float64 each; tones have noise 30 dB below them, in which a peer's roundings in float32 are small."""
    n_samples = rate // 4
    random = np.random.default_rng(0)
    noise = random.uniform(-0.5, 0.5, n_samples)
    seconds = np.arange(n_samples) / rate
    made = {"noise": noise}
    if rate == 22050:
        clicks = np.zeros(n_samples)
        clicks[n_samples // 10 :: n_samples // 5] = 0.5
        floor = 0.03 * noise
        made |= {
            "tone": 0.5 * np.sin(2 * np.pi * 440 * seconds) + floor,
            "chirp": 0.5 * np.sin(2 * np.pi * 100 * 40 ** (seconds / seconds[-1]) * seconds) + floor,
            "clicks": clicks,
            "silence": np.zeros(n_samples),
            "short": noise[: rate // 20],
            "half silent": np.where(seconds > 0.12, noise, 0.0),
        }
    if recordings is not None:
        made |= {f"recording {number + 1}": clip for number, clip in enumerate(recordings)}
    return made


def plain(value: object) -> object:
    """An option as JSON has it: names of functions, and of long arrays the length."""
    if callable(value):
        return getattr(value, "__name__", str(value))
    if isinstance(value, np.ndarray) or (isinstance(value, list) and len(value) > 9):
        return f"{len(value)} numbers"
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return str(value) if value in (np.inf, -np.inf) else value


if __name__ == "__main__":
    sys.exit(main())
