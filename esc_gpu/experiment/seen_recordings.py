"""Recordings that a trained model has learnt from, which it may not be tested on: nor what goes on from it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from esc_gpu.config.schema import RunConfig
from esc_gpu.core.files import read_json
from esc_gpu.core.find_pipeline import HUB
from esc_gpu.core.folds import Fold, the_fold
from esc_gpu.core.run_layout import DATA, PREDICTIONS, RECORDINGS, SUMMARY, fold_of
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.experiment.kept_recordings import learns, learnt_by
from esc_gpu.model.trained_start import is_file, start_folder

Content = Callable[[int], str]


def check_start(
    config: RunConfig, recordings: Recordings, folds: Sequence[Fold], content: Content | None = None
) -> None:
    """Refuse to start from a run's model that has learnt from recordings which the new model is tested on.

    Of a file, and of a model on the hub, nothing is known. `content` as of `seen_recordings`.

    Raises:
        EscGpuError: for a fold whose test recordings the model has learnt from, or a folder without a model.
    """
    weights = config.model.weights
    if weights is None or is_file(weights) or weights.startswith(HUB):
        return
    for fold in folds:
        folder = start_folder(weights, fold)
        if folder is not None:
            tested = recordings.split(fold, config.validate)[1]
            refuse_seen(f"model.weights={weights}", folder, recordings, fold, tested, content)


def refuse_seen(
    option: str,
    folder: Path,
    recordings: Recordings,
    fold: Fold,
    tested: np.ndarray,
    content: Content | None = None,
) -> None:
    """Refuse the model in a folder, which an option names, if it has learnt from recordings that a fold is tested on.

    The others are as of `seen_recordings`.

    Raises:
        EscGpuError: how many those are, and one of them.
    """
    seen = seen_recordings(folder, recordings, tested, content)
    if seen:
        (name, there), *_ = seen.items()
        called = "" if there == name else f", there called {there}"
        raise EscGpuError(
            f"{option}: its model of {the_fold(fold_of(folder) or 0)} was trained on {len(seen)} of the recordings "
            f"that {the_fold(fold)} is tested on, {name} for one{called}; expected a model that has not heard them; "
            f"train {the_fold(fold)} there, too, leave the fold out, or take a run on other recordings"
        )


def seen_recordings(
    folder: Path, recordings: Recordings, tested: np.ndarray, content: Content | None = None
) -> dict[str, str]:
    """The names of those recordings `tested` that the model in the folder of a run's fold has learnt from: here, there.

    As far as the run tells: of the same recordings in the same folds, those of all folds but the model's own; of
    others, those of its `recordings.csv` in such folds, by their names and, under whatever name, by their contents. Of
    a run of before there was such a file, those that its other folds were tested on, by their names. A folder that
    belongs to no run tells nothing.

    Args:
        folder: with a pipeline.
        recordings: of which some are to be tested on.
        tested: their numbers.
        content: from the number of a recording to its `esc_gpu.experiment.kept_recordings.content_of`; None compares
            names alone.
    """
    own, run = fold_of(folder), folder.resolve().parent
    if own is None or not is_of_a_run(folder):
        return {}
    names = [recordings.filenames[number] for number in tested]
    if _has_trained_on(run, recordings):
        folds = recordings.folds[tested].tolist()
        return {name: name for name, fold in zip(names, folds, strict=True) if learns(own, fold)}
    learnt = learnt_by(folder)
    if learnt is not None:
        by_name = {recording.filename: recording.filename for recording in learnt}
        by_content = {recording.content: recording.filename for recording in learnt if recording.content}
        found = {}
        for name, number in zip(names, tested.tolist(), strict=True):
            there = by_name.get(name) or (by_content.get(content(number)) if content and by_content else None)
            if there is not None:
                found[name] = there
        return found
    if not ((run / SUMMARY).is_file() and (run / PREDICTIONS).is_file()):
        return {}
    results = read_run(run)
    heard = {name for name, fold in zip(results.filenames, results.folds.tolist(), strict=True) if learns(own, fold)}
    return {name: name for name in names if name in heard}


def is_of_a_run(folder: Path) -> bool:
    """Whether a folder with a pipeline lies in that of a run, which tells what the model has learnt from."""
    run = folder.resolve().parent
    return fold_of(folder) is not None and any((run / name).is_file() for name in (DATA, SUMMARY, RECORDINGS))


def are_known(folder: Path, recordings: Recordings) -> bool:
    """Whether `seen_recordings` knows all that the model has learnt from.

    A run of before runs kept their recordings tells of others only those that it has tested: none of the split train,
    nor of folds that were left out.
    """
    run = folder.resolve().parent
    if not is_of_a_run(folder):
        return False
    if _has_trained_on(run, recordings) or (run / RECORDINGS).is_file():
        return True
    if not ((run / SUMMARY).is_file() and (run / PREDICTIONS).is_file()):
        return False
    results = read_run(run)
    return len(results.filenames) == results.summary["data"].get("clips")


def _has_trained_on(run: Path, recordings: Recordings) -> bool:
    """Whether a run had the same recordings, in the same folds."""
    return (run / DATA).is_file() and read_json(run / DATA).get("recordings") == recordings.digest
