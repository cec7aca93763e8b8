"""What a finished run holds, as read from its folder."""

import csv
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from esc_gpu.core.files import read_json
from esc_gpu.core.folds import Fold
from esc_gpu.core.names import composed, in_one_form
from esc_gpu.core.run_layout import CONFIG, HISTORY, PREDICTIONS, SUMMARY, fold_folder
from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL, task_of
from esc_gpu.core.text import shown
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.predictions import read_predictions
from esc_gpu.evaluation.summary_shape import EPOCH, EVALUATED, REPORTED, Shape, check_shape


@dataclass(frozen=True, eq=False)
class RunResults:
    """The test clips of a run and what its models said of them, in the order of `predictions.csv`.

    Attributes:
        folder: of the run.
        summary: the content of `summary.json`, its `config` included.
        filenames: of the recordings.
        folds: `(n,)` int64, the test fold of each, or text of splits.
        labels: `(n,)` int64 in 0..K-1, or of several labels a clip `(n, K)` bool.
        probabilities: `(n, K)` float64.
    """

    folder: Path
    summary: dict[str, Any]
    filenames: tuple[str, ...]
    folds: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def name(self) -> str:
        """The folder's name."""
        return shown(self.folder.resolve().name)

    @property
    def config(self) -> dict[str, Any]:
        """The run's options, nested as in its `config.yaml`."""
        return self.summary["config"]

    @property
    def task(self) -> str:
        """That of the labels: "single_label" or "multi_label"."""
        return task_of(self.labels)

    @property
    def is_validation(self) -> bool:
        """Whether options are chosen by its results: the next fold of each, which it would test on, was left out."""
        return bool(self.config.get("validate"))

    @property
    def class_names(self) -> list[str]:
        """Name of each class, by label."""
        return self.summary["class_names"]

    @property
    def class_categories(self) -> list[str]:
        """Group of each class, by label."""
        return self.summary["class_categories"]

    @cached_property
    def predictions(self) -> np.ndarray:
        """`(n,)` int64, the likeliest class of each."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def has_class(self) -> np.ndarray:
        """`(n, K)` bool, whether each clip has each class."""
        return self.labels if self.labels.ndim == 2 else self.labels[:, None] == np.arange(len(self.class_names))

    @property
    def fold_numbers(self) -> list[Fold]:
        """The test folds that were run, ascending."""
        return sorted(set(self.folds.tolist()))

    def fold_folder(self, fold: Fold) -> Path:
        """The folder of a fold's model, curves and pictures."""
        return fold_folder(self.folder, fold)

    def history(self, fold: Fold) -> list[dict[str, float]]:
        """A fold's record of each epoch: epoch, loss, lr, seconds; of some test_loss and test_accuracy or test_map."""
        file = self.fold_folder(fold) / HISTORY
        try:
            history = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
            check_shape(history, [EPOCH], HISTORY)
        except (OSError, ValueError, RecursionError) as error:
            raise EscGpuError(f"{file} cannot be read ({error}): train the run again") from error
        if not history:
            raise EscGpuError(f"{file} is empty: train the run again")
        return history

    def check_threshold_needed(self, validated: object) -> None:
        """Refuse a run to choose thresholds by, or its folder, where there is one and the run needs no threshold."""
        if validated is not None and self.task != MULTI_LABEL:
            raise EscGpuError(
                "--validated chooses a threshold, which a run with one class a clip does not need: remove the option"
            )

    def check_reported(self) -> None:
        """Refuse a summary that lacks what a report says of a run.

        Raises:
            EscGpuError: for a value that is missing or of another type than in the file of a training.
        """
        check_summary(self.folder, self.summary, REPORTED)


def read_run(folder: str | Path) -> RunResults:
    """The run in a folder.

    Raises:
        EscGpuError: for a folder that holds no finished run, or one whose files do not fit each other.
    """
    folder = Path(folder)
    if not (folder / SUMMARY).is_file():
        hint = (
            "it is not finished: continue it with --resume"
            if (folder / CONFIG).is_file()
            else "give the output folder of a training, such as runs/logmel"
        )
        raise EscGpuError(f"{folder} holds no {SUMMARY} of a run; {hint}")
    summary = read_json(folder / SUMMARY)
    check_summary(folder, summary, EVALUATED)
    table = folder / PREDICTIONS
    try:
        if len(summary["class_categories"]) != len(summary["class_names"]):
            raise ValueError("not as many categories as classes")
        filenames, *rest = read_predictions(table, summary["class_names"], summary.get("task", SINGLE_LABEL))
        # As its recordings are read, of a run that kept them as its csv had them.
        summary["class_names"] = list(map(in_one_form, summary["class_names"]))
        return RunResults(folder, summary, tuple(map(composed, filenames)), *rest)
    except FileNotFoundError as error:
        raise EscGpuError(f"there is no file {table}: finish the run with --resume") from error
    except (KeyError, ValueError, IndexError, OverflowError, csv.Error) as error:
        raise EscGpuError(
            f"{SUMMARY} and {PREDICTIONS} of {folder} do not fit each other ({error!r}): train the run again"
        ) from error


def check_summary(folder: Path, summary: dict[str, Any], shape: Shape) -> None:
    """Refuse a run's summary that has not the shape that a training gives it."""
    try:
        check_shape(summary, shape, SUMMARY)
    except EscGpuError as error:
        raise EscGpuError(f"{folder}: {error}; train the run again") from error
