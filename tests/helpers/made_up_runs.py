"""Folders of finished runs whose predictions are made up."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from esc_gpu.config.options import as_dict
from esc_gpu.config.schema import RunConfig
from esc_gpu.core.esc50 import ESC10, ESC50
from esc_gpu.evaluation import published
from esc_gpu.evaluation.finished_run import read_run

CLASSES = ("dog", "rooster", "rain", "sea_waves", "clock_tick", "chainsaw")
CATEGORIES = ("Animals", "Animals", "Water", "Water", "Interior", "Exterior")


def write_run(
    folder: Path,
    *,
    seed: int = 0,
    skill: float = 1.5,
    frontend: str = "logmel",
    classes: tuple[str, ...] = CLASSES,
    categories: tuple[str, ...] = CATEGORIES,
    folds: tuple[int, ...] = (1, 2, 3),
    per_class: int = 4,
    pattern: str = "{fold}-{source}-{take}-{target}.wav",
    synthetic: bool = False,
    **options: object,
) -> Path:
    """A run of `per_class` clips of each class in each fold; two clips of a class are of one source recording.

    Args:
        seed: `train.seed`, and of the predictions.
        skill: 0 is guessing; the greater, the more of the predictions are right.
        pattern: of the file names.
        options: of the run, in their sections.
    """
    generator = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    table = [["filename", "fold", "category", "prediction", "probability", *classes]]
    for fold in folds:
        for target, name in enumerate(classes):
            for number in range(per_class):
                logits = generator.standard_normal(len(classes)) * 1.5
                logits[target] += skill
                shares = np.exp(logits) / np.exp(logits).sum()
                best = int(shares.argmax())
                number_of = ESC50.index(name) if name in ESC50 else target
                source = 1000 + (fold * len(classes) + target) * per_class + number // 2
                file = pattern.format(fold=fold, source=source, take="AB"[number % 2], target=number_of, number=number)
                shown = [f"{share:.6f}" for share in shares]
                table.append([file, str(fold), name, classes[best], shown[best], *shown])
    with open(folder / "predictions.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table)
    config = as_dict(RunConfig())
    config["train"]["seed"], config["frontend"]["name"] = seed, frontend
    for section, values in options.items():
        config[section] = {**config[section], **values} if isinstance(values, dict) else values
    summary = {
        "data": {"recordings": "made up", "synthetic": synthetic},
        "frontend": {"name": frontend, "backend": "native"},
        "folds": [{"fold": fold, "seconds": 10.0 * fold} for fold in folds],
        "class_names": list(classes),
        "class_categories": list(categories),
        "config": config,
    }
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return folder


def write_esc10_run(folder: Path, **options: object) -> Path:
    """A run with the classes of ESC-10."""
    names = tuple(sorted(ESC10))
    return write_run(folder, classes=names, categories=("Animals",) * 5 + ("Others",) * 5, **options)


def make_official(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let the recordings of the run in the folder be those that accuracies were published on."""
    names = sorted(name.removesuffix(".wav") for name in read_run(folder).filenames)
    monkeypatch.setitem(published.OFFICIAL, published.digest(names), "ESC-10")
