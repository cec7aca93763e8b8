"""A table of tones that trains in a second, and the options for it."""

from pathlib import Path

import numpy as np
import soundfile

from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import RunConfig

RATE = 8000
FREQUENCIES = {"high": 1900, "low": 300, "middle": 900}
OPTIONS = (
    *("--data.sample_rate", str(RATE), "--data.clip_seconds", "1", "--model.backbone", "test_resnet"),
    *("--frontend.n_fft", "256", "--frontend.hop_length", "256", "--frontend.n_mels", "16", "--train.threads", "1"),
    *("--train.epochs", "2", "--train.batch_size", "8", "--train.mixed_precision", "no", "--train.eval_every", "1"),
    *("--train.checkpoint_every", "1"),
)


def parsed(*options: str) -> RunConfig:
    """The config of a tiny run."""
    return parse_run([*OPTIONS, *options], "train.py")


def write_tone(path: Path, frequency: float, seconds: float, seed: int) -> None:
    """A tone in white noise."""
    generator = np.random.default_rng(seed)
    time = np.arange(round(RATE * seconds)) / RATE
    samples = 0.3 * np.sin(2 * np.pi * frequency * time + seed) + 0.1 * generator.standard_normal(len(time))
    soundfile.write(path, samples, RATE)


def write_tones(folder: Path, n_folds: int = 2, per_class: int = 4, lengths: tuple[float, ...] = (1.0,)) -> Path:
    """`per_class` recordings of each tone in each fold, of the `lengths` in turn; the table of them."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["path,label,fold"]
    for number in range(len(FREQUENCIES) * n_folds * per_class):
        label, fold = list(FREQUENCIES)[number % len(FREQUENCIES)], 1 + number // len(FREQUENCIES) % n_folds
        write_tone(folder / f"{number}.wav", FREQUENCIES[label], lengths[number % len(lengths)], number)
        rows.append(f"{number}.wav,{label},{fold}")
    table = folder / "tones.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return table
