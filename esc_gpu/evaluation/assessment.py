"""Every metric of a finished run, from its predictions."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import torch

from esc_gpu.core.run_layout import PREDICTIONS
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.bootstrap import RESAMPLES, SEED, accuracy_intervals, resampling_units
from esc_gpu.evaluation.calibration import brier_score, calibration, negative_log_likelihood
from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.evaluation.metrics import SCORES, class_scores, confusion_matrix, mean_and_std, scores
from esc_gpu.evaluation.published import protocol, references
from esc_gpu.evaluation.run_groups import pool, seed_of

MOST_PAIRS = 10
MOST_RESAMPLES = 1_000_000  # whose means are all in memory at once


def assess(run: RunResults, n_bootstrap: int = RESAMPLES, seed: int = SEED) -> dict[str, Any]:
    """Metrics of a run's test clips, as plain types; a share is in `[0, 1]`.

    Args:
        run: as `read_run` gives it. Its probabilities have six decimals.
        n_bootstrap: resamples of the intervals.
        seed: of the resamples.

    Returns:
        A dictionary with these keys:

        - `validation`: whether it is a run of `--validate`, whose clips are to choose options by.
        - `clips`: number of test clips.
        - `accuracy`, `balanced_accuracy`, `macro_f1`, `top3_accuracy`: over all clips; see `evaluation.scores`.
        - `nll` (nats), `brier` (0 to 2), `calibration` (`ece`, `mce` and `bins`): see `esc_gpu.evaluation.calibration`.
        - `per_class`: for each class, in the order of the labels, `name`, `category`, `support` (clips),
          `precision`, `recall`, `f1`, the three 0 where undefined, as without a clip or a prediction of the class.
        - `per_category`: for each category, in the order of its first class, `name`, `support` (clips), `accuracy`
          and `category_accuracy`, the share of its clips whose predicted class is in the category; None without clips.
        - `confusion_matrix`: clips, `[true][predicted]`.
        - `confused_pairs`: the ten most frequent mistakes, most frequent first: `true` and `predicted` (names),
          `count`, and `share` of the true class's clips.
        - `folds`: for each test fold, ascending, `fold` (number), `clips` and the four scores above.
        - `over_folds`: for each of the four scores, `mean` and `std` (n - 1; None for one fold) over the folds.
        - `intervals`: `accuracy` and `macro_f1`, each `low` and `high`: 95 % bootstrap interval over all clips.
        - `bootstrap`: `resamples`, `unit` (what was drawn: "source recording" or "file"), `units` (how many there
          are) and `seed`.
        - `references`: published results on the same recordings, each as `esc_gpu.evaluation.published.Published`;
          empty for all but tests on the whole of ESC-10 or ESC-50 in its official folds.
        - `protocol`: how this run's accuracy was made, in the same words.

    Raises:
        EscGpuError: for a run without clips, fewer than one resample or a negative seed.
    """
    check_assessable(run, n_bootstrap, seed)
    names, num_classes = run.class_names, len(run.class_names)
    probabilities, labels = torch.from_numpy(run.probabilities), torch.from_numpy(run.labels)
    predictions = torch.from_numpy(run.predictions)
    matrix = confusion_matrix(predictions, labels, num_classes)
    clips_of = {fold: torch.from_numpy(run.folds == fold) for fold in run.fold_numbers}
    folds: list[dict[str, Any]] = [
        {"fold": fold, "clips": int(clips.sum()), **scores(probabilities[clips], labels[clips])}
        for fold, clips in clips_of.items()
    ]
    unit, units = resampling_units(run.filenames)
    return {
        "validation": run.is_validation,
        "clips": len(run.labels),
        **scores(probabilities, labels),
        "nll": negative_log_likelihood(run.probabilities, run.labels),
        "brier": brier_score(run.probabilities, run.labels),
        "calibration": calibration(run.probabilities, run.labels),
        "per_class": per_class(run, class_scores(predictions, labels, num_classes)),
        "per_category": per_category(run),
        "confusion_matrix": matrix,
        "confused_pairs": confused_pairs(matrix, names),
        "folds": folds,
        "over_folds": {name: mean_and_std([fold[name] for fold in folds]) for name in SCORES},
        "intervals": accuracy_intervals(run.predictions, run.labels, num_classes, units, n_bootstrap, seed),
        "bootstrap": {"resamples": n_bootstrap, "unit": unit, "units": len(set(units.tolist())), "seed": seed},
        "references": references(run),
        "protocol": protocol(run),
    }


def assess_seeds(runs: Sequence[RunResults], n_bootstrap: int = RESAMPLES, seed: int = SEED) -> dict[str, Any]:
    """`assess` of runs that differ in their seed, their clips pooled, and two more keys.

    A clip counts once for each run, so `accuracy` is the mean over the runs; the bootstrap draws it for all of them.

    Args:
        runs: one or more, on the same clips.
        n_bootstrap, seed: as of `assess`.

    Returns:
        What `assess` returns, after `runs`: for each run `name`, `seed` (`train.seed`) and the four scores over all
        its clips; and `over_seeds`: for each of the scores `mean` and `std` (n - 1; None for one run) over the runs.
    """
    assessed = assess(pool(runs), n_bootstrap, seed)
    described: list[dict[str, Any]] = [
        {
            "name": run.name,
            "seed": seed_of(run),
            **scores(torch.from_numpy(run.probabilities), torch.from_numpy(run.labels)),
        }
        for run in runs
    ]
    over_seeds = {name: mean_and_std([run[name] for run in described]) for name in SCORES}
    assessed["protocol"]["seeds"] = str(len(runs))
    return {"runs": described, "over_seeds": over_seeds, **assessed}


def check_assessable(run: RunResults, n_bootstrap: int, seed: int) -> None:
    """Refuse what no metric can be computed of."""
    if not len(run.labels):
        raise EscGpuError(f"{run.folder} has no clips in its {PREDICTIONS}; expected some; train the run again")
    check_resamples(n_bootstrap, seed)


def check_resamples(n_bootstrap: int, seed: int) -> None:
    """Refuse a bootstrap of no resamples or of too many, and a negative seed."""
    if not 1 <= n_bootstrap <= MOST_RESAMPLES or seed < 0:
        raise EscGpuError(
            f"bootstrap is {n_bootstrap} and seed {seed}; expected at least 1 resample and a seed that is not "
            f"negative, and up to {MOST_RESAMPLES:,} resamples; correct them"
        )


def per_class(run: RunResults, values: dict[str, list[float]]) -> list[dict[str, Any]]:
    support = np.bincount(run.labels, minlength=len(run.class_names)).tolist()
    names = {"name": run.class_names, "category": run.class_categories}
    columns: dict[str, Sequence[Any]] = {**names, "support": support, **values}
    return [{name: column[label] for name, column in columns.items()} for label in range(len(support))]


def per_category(run: RunResults) -> list[dict[str, Any]]:
    category = np.array(run.class_categories)
    true, predicted, right = category[run.labels], category[run.predictions], run.predictions == run.labels
    rows = []
    for name in dict.fromkeys(run.class_categories):
        mine = true == name
        some = bool(mine.any())
        rows.append(
            {
                "name": name,
                "support": int(mine.sum()),
                "accuracy": float(right[mine].mean()) if some else None,
                "category_accuracy": float((predicted[mine] == name).mean()) if some else None,
            }
        )
    return rows


def confused_pairs(matrix: list[list[int]], names: list[str]) -> list[dict[str, Any]]:
    """The most frequent mistakes; of equally frequent ones the first in the order of the classes."""
    cells = [(t, p) for t, p in product(range(len(names)), repeat=2) if t != p and matrix[t][p]]
    cells.sort(key=lambda cell: -matrix[cell[0]][cell[1]])
    return [
        {"true": names[t], "predicted": names[p], "count": matrix[t][p], "share": matrix[t][p] / sum(matrix[t])}
        for t, p in cells[:MOST_PAIRS]
    ]
