"""What 16 bits and the mean of the channels take from a recording, and what is kept of it.

    python -m benchmarks.exactness.levels [--root ESC-10]

Writes a quiet, a loud and an out-of-phase recording of one sound, and compares the log-mel of what is read of each with
that of its left channel decoded to floats: as samples were read before clips had levels, and as they are read now.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import torch

from benchmarks.common.command import add_output, add_root, create_parser
from benchmarks.common.markdown import heading, line
from benchmarks.common.results_file import keep_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.channel import Channel
from esc_gpu.data.clips.decode import decode, read_samples
from esc_gpu.data.clips.level_faults import describe_faults
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.recordings.sounds import SAMPLE_RATE
from esc_gpu.data.recordings.synthetic import make_clip
from esc_gpu.frontends import create_frontend

RATE, SECONDS = SAMPLE_RATE, 5
FULL_SCALE = 32768


class Case(NamedTuple):
    """A recording: its name, the factors on the sound in each channel, the format, and how it is read."""

    name: str
    level: float  # of the root mean square, full scale at 1; 0 for a peak of `peak`
    peak: float
    channels: tuple[float, ...]
    subtype: str
    channel: Channel = "mix"


CASES = (
    Case("24 bits at −80 dBFS", 1e-4, 0, (1.0,), "PCM_24"),
    Case("floats with a peak of 4", 0, 4.0, (1.0,), "FLOAT"),
    Case("two channels of opposite phase, 24 bits", 0, 0.5, (1.0, -0.9), "PCM_24"),
    Case("the same with `data.channel` left", 0, 0.5, (1.0, -0.9), "PCM_24", "left"),
)


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    add_root(parser, ", of which the first is the sound (default: a synthetic one)")
    add_output(parser)
    arguments = parser.parse_args(argv)
    return reporting(lambda: measure(arguments))


def measure(arguments: argparse.Namespace) -> int:
    """Write, read and compare each recording; print the table and write the result file."""
    path = None if arguments.root is None else read_recordings(arguments.root).paths[0]
    sound = make_sound(path)
    with tempfile.TemporaryDirectory(prefix="esc_gpu-levels-") as folder:
        rows = [compare(case, sound, Path(folder) / f"{number}.wav") for number, case in enumerate(CASES)]
    result = {
        "benchmark": "levels",
        "sound": "synthetic" if path is None else path.name,
        "seconds": len(sound) / RATE,
        "sample_rate": RATE,
        "frontend": create_frontend("logmel", sample_rate=RATE).spec,
        "rows": rows,
    }
    print("\n".join(level_table(result)))
    keep_result("levels", result, arguments.output)
    return 0


def make_sound(path: Path | None) -> np.ndarray:
    """`(T,)` float64, with noise 60 dB under it, so that there is no digital silence."""
    if path is None:
        clip = make_clip(0, "dog", 0) / FULL_SCALE
    else:
        clip = read_samples(path, 0, sample_rate=RATE, samples=SECONDS * RATE).waveform.astype(np.float64)
    noise = np.random.default_rng(0).standard_normal(len(clip))
    return clip + 1e-3 * np.sqrt(np.mean(clip**2)) * noise


def compare(case: Case, sound: np.ndarray, path: Path) -> dict[str, object]:
    """The errors in dB of the log-mel of the samples as they were read and as they are."""
    scale = case.level / np.sqrt(np.mean(sound**2)) if case.level else case.peak / np.abs(sound).max()
    written = scale * sound
    soundfile.write(path, written[:, None] * np.array(case.channels), RATE, case.subtype)
    options = {"sample_rate": RATE, "samples": len(sound)}
    clip = decode(path, 0, channel=case.channel, **options)
    mean = read_samples(path, 0, **options).waveform
    before = np.rint(mean.clip(-1, 1) * FULL_SCALE).clip(max=FULL_SCALE - 1).astype(np.int16)
    exact = log_mel(read_samples(path, 0, channel="left", **options).waveform)
    read = {"before": log_mel(before), "now": log_mel(clip.waveform)}
    said = describe_faults(np.array([clip.marks]), np.array([0]), [path.name])
    errors = {name: (image - exact).abs() for name, image in read.items()}
    return {
        "name": case.name,
        "exponent": clip.exponent,
        "warned": bool(said),
        **{f"mean_db_{name}": float(error.mean()) for name, error in errors.items()},
        **{f"largest_db_{name}": float(error.max()) for name, error in errors.items()},
    }


def log_mel(waveform: np.ndarray) -> torch.Tensor:
    """`(F, N)` in dB."""
    frontend = create_frontend("logmel", sample_rate=RATE)
    return frontend(torch.from_numpy(waveform)[None])[0, 0]


def level_table(result: dict[str, object]) -> list[str]:
    """Recordings down: the errors of the log-mel before and now, and what else is done."""
    lines = heading("recording", "before: mean error in dB", "largest", "now: mean error in dB", "largest", "kept by")
    for row in result["rows"]:
        errors = [f"{row[f'{kind}_db_{when}']:.2g}" for when in ("before", "now") for kind in ("mean", "largest")]
        kept = f"a gain of 2^{row['exponent']}" if row["exponent"] else "a warning" if row["warned"] else "the channel"
        lines.append(line(row["name"], *errors, kept))
    return lines


if __name__ == "__main__":
    sys.exit(main())
