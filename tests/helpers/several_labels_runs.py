"""Recordings with several labels, and folders of finished runs on such, whose predictions are made up."""

import csv
import json
from pathlib import Path

import numpy as np
import soundfile

from esc_gpu.config.options import as_dict
from esc_gpu.config.schema import RunConfig
from tests.helpers.tiny import FREQUENCIES, RATE

CLASSES = ("dog", "rain", "sea_waves", "clock_tick")


def write_chords(folder: Path, n_folds: int = 3, per_fold: int = 8) -> Path:
    """Recordings of one tone or of two at once, in noise; the table of them."""
    folder.mkdir(parents=True)
    generator, names, rows = np.random.default_rng(0), list(FREQUENCIES), ["path,label,fold"]
    time = np.arange(RATE) / RATE
    for number in range(n_folds * per_fold):
        chosen = [names[number % 3], *([names[(number + 1) % 3]] if number % 2 else [])]
        tones = [0.2 * np.sin(2 * np.pi * FREQUENCIES[name] * time + number) for name in chosen]
        soundfile.write(folder / f"{number}.wav", sum(tones) + 0.05 * generator.standard_normal(RATE), RATE)
        rows.append(f"{number}.wav,{'|'.join(chosen)},{1 + number // per_fold}")
    (folder / "chords.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "chords.csv"


def write_several(
    folder: Path,
    *,
    seed: int = 0,
    skill: float = 0.5,
    n: int = 48,
    folds: tuple[int, ...] = (1, 2, 3),
    lr: float = 0.1,
    **options: bool,
) -> Path:
    """A run of `n` clips, of the same labels whatever the seed; `options` are of the run, as `validate`."""
    labels = np.random.default_rng(99).random((n, len(CLASSES))) < 0.3
    labels[np.arange(n), np.arange(n) % len(CLASSES)] = True
    generator = np.random.default_rng(seed)
    probabilities = np.round((generator.random(labels.shape) + skill * labels) / (1 + skill), 6)
    folder.mkdir(parents=True)
    table = [["filename", "fold", "category", "prediction", "probability", *CLASSES]]
    for number, (true, scored) in enumerate(zip(labels, probabilities, strict=True)):
        texts = ["|".join(np.array(CLASSES)[row]) for row in (true, scored >= 0.5)]
        shown = [f"{value:.6f}" for value in scored]
        table.append([f"{number}.wav", str(folds[number % len(folds)]), *texts, max(shown), *shown])
    with open(folder / "predictions.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table)
    config = {**as_dict(RunConfig()), **options}
    config["train"] |= {"seed": seed, "lr": lr}
    left_out = {fold: folds[(place + 1) % len(folds)] for place, fold in enumerate(folds)}
    summary = {
        "task": "multi_label",
        "data": {"recordings": "made up", "synthetic": False},
        "frontend": {"name": "logmel", "backend": "native"},
        "folds": [
            {"fold": fold, "seconds": 2.0} | ({"left_out": [left_out[fold]]} if options.get("validate") else {})
            for fold in folds
        ],
        "class_names": list(CLASSES),
        "class_categories": ["Animals", "Water", "Water", "Interior"],
        "config": config,
    }
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return folder
