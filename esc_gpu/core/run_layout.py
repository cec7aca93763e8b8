"""Where things are in a run's folder: the names of its files, of its folds' folders, and of the files in those."""

import re
from pathlib import Path

from esc_gpu.core.folds import SPLITS, Fold

# Of a run.
CONFIG = "config.yaml"
REPLACED = "config.replaced.yaml"  # the config of a run whose removal has begun
DATA = "data.json"
SKIPPED = "skipped.csv"
RECORDINGS = "recordings.csv"  # with their folds and hashes
SUMMARY = "summary.json"
LOCK = ".lock"
EVALUATION = "evaluation"  # a folder
REPORT = "report.html"

# Of a run and of each of its folds.
PREDICTIONS = "predictions.csv"
CONFUSION = "confusion.png"
AVERAGE_PRECISION = "average_precision.png"  # in its place, of several labels a clip

# Of a fold.
FOLDS = "fold*"  # all their folders
STATE, PREVIOUS = "state.pt", "state.previous.pt"
HISTORY = "metrics.jsonl"
METRICS = "metrics.json"
CURVES = "curves.png"
INPUTS = "inputs.png"
TRACE, TIMES, TIMES_TABLE = "trace.json.gz", "profile.json", "profile.md"

# Of a trained pipeline: a fold's, or one on its own.
WEIGHTS, PIPELINE, CARD = "model.safetensors", "pipeline.json", "README.md"


def fold_folder(run: Path, fold: Fold) -> Path:
    """The folder of a fold in that of its run: fold1, or fold-test of a split."""
    return run / (f"fold-{fold}" if isinstance(fold, str) else f"fold{fold}")


def fold_of(folder: Path) -> Fold | None:
    """Which fold a folder is of, by its name; None for another's."""
    match = re.fullmatch(rf"fold(?:(-?\d+)|-({'|'.join(SPLITS)}))", folder.name)
    return None if match is None else match[2] or int(match[1])
