"""Grids of runs whose predictions are made up."""

import json

import numpy as np

from benchmarks.accuracy.grid import Grid
from esc_gpu.config.options import as_dict
from esc_gpu.config.schema import RunConfig
from esc_gpu.evaluation.finished_run import RunResults

NAMES = [f"{fold}-{source}-{take}-0.wav" for fold, source in ((1, 7), (1, 8), (2, 9), (2, 10)) for take in "ABC"]
FOLDS = np.repeat([1, 2], 6)


def run_of(tmp_path, name, seed, right, config=None, names=None):
    """A run of two classes in which the clips with a 1 in `right` are those that were found, in the order of NAMES."""
    found = np.array([digit == "1" for digit in right])
    labels = np.arange(len(right)) % 2
    predictions = np.where(found, labels, 1 - labels)
    config = as_dict(config or RunConfig())
    config["train"]["seed"] = seed
    config["data"]["root"], config["data"]["cache_dir"], config["output_dir"] = (
        "/home/me/ESC",
        "/home/me/c",
        "/home/me/x",
    )
    folder = tmp_path / name / f"seed{seed}"
    for fold in (1, 2):
        (folder / f"fold{fold}").mkdir(parents=True)
        records = [{"epoch": 1, "seconds": 2.0 + fold}, {"epoch": 2, "seconds": 99.0, "test_accuracy": 0.5}]
        (folder / f"fold{fold}" / "metrics.jsonl").write_text(
            "".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8"
        )
    summary = {
        "data": {"recordings": "ESC", "synthetic": False, "subset": "all", "clips": len(right), "classes": 2},
        "frontend": {"name": "logmel", "backend": "native"},
        "folds": [{"fold": fold, "seconds": 10.0 * fold} for fold in (1, 2)],
        "class_names": ["a", "b"],
        "class_categories": ["a", "b"],
        "mixed_precision": "no",
        "environment": {"date": "2026-01-01"},
        "config": config,
    }
    probabilities = np.eye(2)[predictions]
    return RunResults(folder, summary, tuple(names or NAMES), FOLDS[: len(right)], labels, probabilities)


def grid_of(*rows, seeds=(0, 1)):
    return Grid(dict.fromkeys(rows, RunConfig()), list(seeds), None)
