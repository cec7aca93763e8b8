"""Recordings with two labels, for which there is no data set at hand: pairs of clips of ESC-50's layout, mixed.

    python -m benchmarks.accuracy.mixed_pairs --root ESC-10 pairs

Each clip is mixed with one of another class in its fold, both at the same power, so that no fold hears what another one
is tested on. The folder gets a wav for each clip and `pairs.csv`, a table for --data.table.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.common.command import add_root, create_parser
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.task import BAR
from esc_gpu.data.clips.decode import decode_clip
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.layouts import read_recordings

TABLE = "pairs.csv"
FIRST_ONLY = "first.csv"  # the same recordings with the label of one of the two clips
RMS, PEAK = 0.05, 0.99  # of a clip in a mixture, and of a mixture at most


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("folder", type=Path, help="where the mixtures go")
    add_root(parser, required=True)
    parser.add_argument("--subset", default="all", choices=("all", "esc10"))
    add_mixing(parser)
    arguments = parser.parse_args(argv)

    def mix() -> None:
        recordings = read_recordings(arguments.root, arguments.subset)
        print(f"written: {write_pairs(recordings, arguments.folder, arguments.sample_rate, arguments.seconds)}")

    return reporting(mix)


def add_mixing(parser: argparse.ArgumentParser) -> None:
    """How the mixtures are written."""
    parser.add_argument("--sample-rate", type=int, default=22050, help="of the mixtures in Hz (default: 22050)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a mixture (default: 5)")


def write_pairs(recordings: Recordings, folder: Path, sample_rate: int, seconds: float, seed: int = 0) -> Path:
    """A mixture for each recording, and two tables of them; returns that with both labels."""
    folder.mkdir(parents=True, exist_ok=True)
    partner = draw_partners(recordings, seed)
    samples = round(sample_rate * seconds)
    clips = [unit_power(decode_clip(path, 0, sample_rate=sample_rate, samples=samples)) for path in recordings.paths]
    both, first = [], []
    for number, other in enumerate(partner.tolist()):
        mixture = RMS * (clips[number] + clips[other])
        mixture *= min(1.0, PEAK / max(1e-9, float(np.abs(mixture).max())))
        name = f"{Path(recordings.filenames[number]).stem}.wav"
        soundfile.write(folder / name, mixture, sample_rate, "PCM_16")
        labels = [recordings.class_names[recordings.labels[clip]] for clip in (number, other)]
        where = (int(recordings.folds[number]), recordings.src_files[number])
        both.append((name, BAR.join(labels), *where))
        first.append((name, labels[0], *where))
    write_table(folder / FIRST_ONLY, first)
    return write_table(folder / TABLE, both)


def draw_partners(recordings: Recordings, seed: int) -> np.ndarray:
    """`(n,)` for each recording one of another class in its fold; each is a partner about once."""
    generator = np.random.default_rng(seed)
    partner = np.empty(len(recordings.labels), dtype=np.int64)
    for fold in recordings.fold_numbers:
        mine = generator.permutation(np.flatnonzero(recordings.folds == fold))
        for number in mine.tolist():
            others = mine[recordings.labels[mine] != recordings.labels[number]]
            partner[number] = generator.choice(others)
    return partner


def unit_power(clip: np.ndarray) -> np.ndarray:
    """The clip `(T,)` int16 as float at a root mean square of 1; silence stays silence."""
    samples = clip.astype(np.float64)
    return samples / max(1e-9, float(np.sqrt(np.mean(samples**2))))


def write_table(file: Path, rows: Sequence[tuple[object, ...]]) -> Path:
    """The csv of `esc-gpu train --data.table`."""
    with open(file, "w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([("path", "label", "fold", "source"), *rows])
    return file


if __name__ == "__main__":
    sys.exit(main())
