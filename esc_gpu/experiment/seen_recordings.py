"""Recordings that a trained model has learnt from, which it may not be tested on: nor what goes on from it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from esc_gpu.config.schema import RunConfig
from esc_gpu.core.files import read_json
from esc_gpu.core.find_pipeline import HUB
from esc_gpu.core.folds import TRAIN, Fold, the_fold
from esc_gpu.core.run_layout import DATA, PREDICTIONS, SUMMARY, fold_of
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.model.trained_start import is_file, start_folder


def check_start(config: RunConfig, recordings: Recordings, folds: Sequence[Fold]) -> None:
    """Refuse to start from a run's model that has learnt from recordings which the new model is tested on.

    Of a file, and of a model on the hub, nothing is known.

    Raises:
        EscGpuError: for a fold whose test recordings the model has learnt from, or a folder without a model.
    """
    weights = config.model.weights
    if weights is None or is_file(weights) or weights.startswith(HUB):
        return
    for fold in folds:
        folder = start_folder(weights, fold)
        if folder is not None:
            refuse_seen(f"model.weights={weights}", folder, recordings, fold, config.validate)


def refuse_seen(option: str, folder: Path, recordings: Recordings, fold: Fold, validate: bool = False) -> None:
    """Refuse the model in a folder, which an option names, if it has learnt from recordings that a fold is tested on.

    Raises:
        EscGpuError: how many those are, and one of them.
    """
    seen = seen_recordings(folder, recordings, recordings.split(fold, validate)[1])
    if seen:
        raise EscGpuError(
            f"{option}: its model of {the_fold(fold_of(folder) or 0)} was trained on {len(seen)} of the recordings "
            f"that {the_fold(fold)} is tested on, {seen[0]} for one; expected a model that has not heard them; train "
            f"{the_fold(fold)} there, too, leave the fold out, or take a run on other recordings"
        )


def seen_recordings(folder: Path, recordings: Recordings, tested: np.ndarray) -> list[str]:
    """The names of those of the recordings `tested` that the model in the folder of a run's fold has learnt from.

    As far as the run tells: of the same recordings in the same folds, those of all folds but the model's own; of
    others, those that its other folds were tested on. A folder that belongs to no run tells nothing.

    Args:
        folder: with a pipeline.
        recordings: of which some are to be tested on.
        tested: their numbers.
    """
    own, run = fold_of(folder), folder.resolve().parent
    if own is None or not is_of_a_run(folder):
        return []
    names = [recordings.filenames[number] for number in tested]
    if _has_trained_on(run, recordings):
        folds = recordings.folds[tested].tolist()
        return [name for name, fold in zip(names, folds, strict=True) if _learns(own, fold)]
    if not ((run / SUMMARY).is_file() and (run / PREDICTIONS).is_file()):
        return []
    results = read_run(run)
    learnt = {name for name, fold in zip(results.filenames, results.folds.tolist(), strict=True) if _learns(own, fold)}
    return [name for name in names if name in learnt]


def is_of_a_run(folder: Path) -> bool:
    """Whether a folder with a pipeline lies in that of a run, which tells what the model has learnt from."""
    run = folder.resolve().parent
    return fold_of(folder) is not None and ((run / DATA).is_file() or (run / SUMMARY).is_file())


def are_known(folder: Path, recordings: Recordings) -> bool:
    """Whether `seen_recordings` knows all that the model has learnt from.

    A run on other recordings tells only those that it has tested: none of the split train, nor of folds that were left
    out.
    """
    run = folder.resolve().parent
    if not is_of_a_run(folder):
        return False
    if _has_trained_on(run, recordings):
        return True
    if not ((run / SUMMARY).is_file() and (run / PREDICTIONS).is_file()):
        return False
    results = read_run(run)
    return len(results.filenames) == results.summary["data"].get("clips")


def _has_trained_on(run: Path, recordings: Recordings) -> bool:
    """Whether a run had the same recordings, in the same folds."""
    return (run / DATA).is_file() and read_json(run / DATA).get("recordings") == recordings.digest


def _learns(own: Fold, fold: Fold) -> bool:
    """Whether the model of one fold is trained on another: on all others of numbers, of splits on the split train."""
    return fold == TRAIN if isinstance(fold, str) else fold != own
