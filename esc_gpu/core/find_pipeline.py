"""Where a trained pipeline lies: found by the folder's files alone, so that a wrong path is answered at once."""

import os
from pathlib import Path

from esc_gpu.core.files import read_json
from esc_gpu.core.folds import Fold
from esc_gpu.core.run_layout import FOLDS, PIPELINE, WEIGHTS, fold_of
from esc_gpu.core.task import SINGLE_LABEL
from esc_gpu.errors import EscGpuError

HUB = "hf-hub:"  # as timm spells it


def find_pipeline(path: str | Path, fold: Fold | None) -> Path | None:
    """The folder with the weights: `path` itself or, of a run, that of a fold; None for a pipeline on the hub.

    Raises:
        EscGpuError: for a folder without a pipeline, and a fold that is not there.
    """
    is_remote, folder = str(path).startswith(HUB), Path(os.path.expanduser(path))
    if is_remote or (folder / WEIGHTS).is_file():
        if fold is not None:
            raise EscGpuError(
                f"{path} is a single pipeline; fold={fold} works only with the folder of a run: remove it"
            )
        return None if is_remote else folder
    folds = trained_folds(folder)
    if not folds:
        reason = f"holds no {WEIGHTS}" if folder.is_dir() else "is not a folder"
        raise EscGpuError(
            f"{folder} {reason}: name the folder of a run or of a fold, such as runs/NAME/fold1, a folder that "
            f"save_pretrained wrote, or {HUB}USER/NAME"
        )
    fold = next(iter(folds)) if fold is None else fold
    if fold not in folds:
        raise EscGpuError(f"{folder} has no trained fold {fold}; expected one of {', '.join(map(str, folds))}")
    return folds[fold]


def trained_folds(run: Path) -> dict[Fold, Path]:
    """The folders of a run's folds that have weights, ascending."""
    parts = [weights.parent for weights in run.glob(f"{FOLDS}/{WEIGHTS}")]
    folds = {found: part for part in parts if (found := fold_of(part)) is not None}
    return {fold: folds[fold] for fold in sorted(folds, key=_order)}


def task_in(folder: Path) -> str | None:
    """The task of the pipeline in a folder; None where its description cannot be read, which loading it will say."""
    try:
        description = read_json(folder / PIPELINE)
    except (EscGpuError, OSError):
        return None
    return str(description.get("task", SINGLE_LABEL))


def _order(fold: Fold) -> tuple[bool, Fold]:
    return isinstance(fold, str), fold
