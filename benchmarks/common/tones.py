"""A tiny training on made-up tones, for benchmarks that look at the run and not at what it learns."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

RATE, PITCHES = 8000, (300, 900, 1900)  # Hz
OPTIONS = {
    "--data.sample_rate": RATE,
    "--data.clip_seconds": 1,
    "--frontend.n_fft": 256,
    "--frontend.hop_length": 256,
    "--frontend.n_mels": 16,
    "--model.backbone": "test_resnet",
    "--train.batch_size": 8,
    "--train.ema_decay": 0.9,
    "--train.mixed_precision": "no",
}


def write_tones(folder: Path, folds: Sequence[int]) -> Path:
    """Noisy tones of a second, of the three pitches in turn, one in each of the `folds`; returns their table."""
    folder.mkdir(parents=True)
    generator, rows = np.random.default_rng(0), ["path,label,fold"]
    for number, fold in enumerate(folds):
        pitch = PITCHES[number % len(PITCHES)]
        tone = 0.3 * np.sin(2 * np.pi * pitch * np.arange(RATE) / RATE)
        soundfile.write(folder / f"{number}.wav", tone + 0.1 * generator.standard_normal(RATE), RATE)
        rows.append(f"{number}.wav,{pitch} Hz,{fold}")
    table = folder / "tones.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return table
