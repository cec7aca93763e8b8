"""Late fusion: what the mean of several runs' probabilities says, as a run of its own."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.evaluation.run_groups import group_seeds, same_clips, seed_of


def late_fusion(runs: Sequence[RunResults], common: bool = False) -> list[RunResults]:
    """The mean of the probabilities of runs that differ in their options, for each seed that all of them have.

    Of runs that differ in their seed only, and of those that have no seed in common, it is one mean of all.

    Args:
        runs: two or more.
        common: leave out clips that not all runs have, instead of refusing them.

    Returns:
        Runs that have no folder, with the `config` and the seed of their first part, a front-end "mean" whose members
        are those of the parts, and the training time of all parts.

    Raises:
        EscGpuError: as of `same_clips`.
    """
    aligned = same_clips(runs, common)
    groups = group_seeds(aligned)
    seeds = [{seed_of(run): run for run in group} for group in groups]
    shared = sorted(set.intersection(*map(set, seeds))) if len(groups) > 1 else []
    return [mean_of([group[seed] for group in seeds]) for seed in shared] or [mean_of(aligned)]


def mean_of(runs: Sequence[RunResults]) -> RunResults:
    """One run with the mean of the probabilities of runs on the same clips in the same order."""
    first = runs[0]
    members = [run.summary["frontend"] for run in runs]
    seconds: dict[Any, float] = {}
    for fold in (fold for run in runs for fold in run.summary["folds"]):
        seconds[fold["fold"]] = seconds.get(fold["fold"], 0.0) + fold["seconds"]
    summary = first.summary | {
        "frontend": {"name": "mean", "backend": "native", "members": members},
        "folds": [{"fold": fold, "seconds": total} for fold, total in seconds.items()],
    }
    name = f"mean of {' + '.join(run.name for run in runs)}"
    probabilities = np.mean([run.probabilities for run in runs], axis=0)
    return dataclasses.replace(first, folder=first.folder.parent / name, summary=summary, probabilities=probabilities)
