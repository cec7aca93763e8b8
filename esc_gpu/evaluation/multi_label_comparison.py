"""Finished runs with several labels a clip against each other, on the same clips."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from esc_gpu.evaluation.bootstrap import RESAMPLES, SEED, bootstrap_weights, resampling_units
from esc_gpu.evaluation.comparison import describe_frontend, row_names
from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.evaluation.metrics import mean_and_std
from esc_gpu.evaluation.multi_label import SCORES
from esc_gpu.evaluation.multi_label_assessment import assess_several_labels, precisions
from esc_gpu.evaluation.run_groups import group_seeds, same_clips, seed_of


def compare_several_labels(
    runs: Sequence[RunResults], common: bool = False, n_bootstrap: int = RESAMPLES, seed: int = SEED
) -> dict[str, Any]:
    """Runs side by side, those that differ in their seed only as one, and the difference of each pair in mAP.

    Args:
        runs: with several labels a clip, of the same classes.
        common: leave out clips that not all runs have, instead of refusing them.
        n_bootstrap, seed: as of `assess`.

    Returns:
        A dictionary of plain types: `task`, `validation`, `clips`, `folds`, `bootstrap` as of `assess_several_labels`;
        `rows`, for each group of runs `name`, `runs`, `frontend`, `seeds`, the scores, `intervals` and `seconds`; and
        `pairs`, for each two rows `first`, `second`, the `difference` of their mean average precisions and its 95 %
        interval, `low` and `high`, from a bootstrap that draws the same clips for both.

    Raises:
        EscGpuError: as of `same_clips` and `assess`.
    """
    groups = group_seeds(same_clips(runs, common))
    names = row_names([group[0] for group in groups])
    assessed = [assess_several_labels(group, n_bootstrap, seed) for group in groups]
    first = assessed[0]
    return {
        **{key: first[key] for key in ("task", "validation", "clips")},
        "folds": groups[0][0].fold_numbers,
        "rows": list(map(row, names, groups, assessed)),
        "pairs": [
            {"first": names[one], "second": names[other], **difference(groups[one], groups[other], n_bootstrap, seed)}
            for one, other in combinations(range(len(groups)), 2)
        ],
        "bootstrap": first["bootstrap"],
    }


def row(name: str, group: Sequence[RunResults], assessed: dict[str, Any]) -> dict[str, Any]:
    """A group of runs in the table."""
    folds = group[0].fold_numbers
    seconds = [fold["seconds"] for run in group for fold in run.summary["folds"] if fold["fold"] in folds]
    return {
        "name": name,
        "runs": [run.name for run in group],
        "frontend": describe_frontend(group[0].summary["frontend"]),
        "seeds": [seed_of(run) for run in group],
        **{key: assessed[key] for key in (*SCORES, "intervals", "over_folds", "over_seeds")},
        "fold_maps": [fold["map"] for fold in assessed["folds"]],
        "seconds": mean_and_std(seconds)["mean"],
    }


def difference(
    group: Sequence[RunResults], other: Sequence[RunResults], n_resamples: int, seed: int
) -> dict[str, float | None]:
    """How much larger the mean average precision of one group is than that of another, and the 95 % interval."""

    def gains(weights: np.ndarray) -> np.ndarray:
        one, two = (np.mean([precisions(run, weights)[:, :1] for run in runs], axis=0) for runs in (group, other))
        return np.asarray(one - two)

    (interval,) = bootstrap_weights(gains, resampling_units(group[0].filenames)[1], n_resamples, seed)
    whole = gains(np.ones((1, len(group[0].labels)))).item()
    return {"difference": whole, **(interval or {"low": None, "high": None})}
