"""Runs side by side: on the same clips, and apart from their seeds of the same options."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from esc_gpu.config.frontend_defaults import with_defaults
from esc_gpu.config.options import RESUMABLE, as_dict, flatten, plain
from esc_gpu.config.schema import RunConfig
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.finished_run import RunResults

SEED = "train.seed"
MOST_NAMED = 3  # differing options in a message


def seed_of(run: RunResults) -> int:
    """The run's `train.seed`."""
    return run.config["train"]["seed"]


def differing_options(first: RunResults, second: RunResults) -> list[str]:
    """Dotted names of the options that differ, without the seed and what only says where things are.

    An option that a config does not have, for it is newer than the run, has its default, and so has one of a front-end.
    """

    def options(run: RunResults, beside: RunResults) -> dict[str, Any]:
        frontend = with_defaults(*(of.summary["frontend"] for of in (run, beside)))
        return flatten(plain(run.config | {"frontend": frontend}))

    one, other = options(first, second), options(second, first)
    newer = flatten(as_dict(RunConfig()))
    differing = [
        name
        for name in sorted(one | other)
        if one.get(name, newer.get(name, "None")) != other.get(name, newer.get(name, "None"))
    ]
    return [name for name in differing if not name.startswith((*RESUMABLE, SEED))]


def check_same_but_seed(runs: Sequence[RunResults]) -> None:
    """Refuse runs that differ in more than their seed, or not even in that.

    Raises:
        EscGpuError: naming the runs, and the options that differ.
    """
    seeds: dict[int, RunResults] = {}
    for run in runs:
        if differing := differing_options(runs[0], run):
            more = f" and {len(differing) - MOST_NAMED} more" if len(differing) > MOST_NAMED else ""
            raise EscGpuError(
                f"{run.folder} differs from {runs[0].folder} in {', '.join(differing[:MOST_NAMED])}{more}; expected "
                f"runs that differ only in {SEED}; use esc-gpu compare for these"
            )
        if seed_of(run) in seeds:
            raise EscGpuError(
                f"{seeds[seed_of(run)].folder} and {run.folder} both have {SEED} {seed_of(run)}; expected a seed of "
                "its own for each run; leave one out"
            )
        seeds[seed_of(run)] = run


def group_seeds(runs: Sequence[RunResults]) -> list[list[RunResults]]:
    """Runs that differ in their seed only, together, in the order of the first of each group."""
    groups: list[list[RunResults]] = []
    for run in runs:
        for group in groups:
            if not differing_options(group[0], run) and seed_of(run) not in map(seed_of, group):
                group.append(run)
                break
        else:
            groups.append([run])
    return groups


def same_clips(runs: Sequence[RunResults], common: bool = False) -> list[RunResults]:
    """The runs on the same clips, in the order of the first.

    Args:
        runs: one or more.
        common: leave out clips that not all runs have, instead of refusing them.

    Raises:
        EscGpuError: for a validated run beside a tested one, runs with other classes or other clips, of another
            task, none in common, or the same clip with another class or fold.
    """
    first = runs[0]
    positions = [{name: row for row, name in enumerate(run.filenames)} for run in runs]
    shared = [name for name in first.filenames if all(name in rows for rows in positions)]
    for number, run in enumerate(runs):
        rows = positions[number]
        if run.class_names != first.class_names:
            raise EscGpuError(
                f"{first.folder} and {run.folder} have other classes; expected runs on the same recordings; "
                "leave one of them out"
            )
        if run.task != first.task:
            raise EscGpuError(
                f"{first.folder} is a run of the task {first.task} and {run.folder} of {run.task}; expected the same "
                "data.task for all; leave one of them out"
            )
        if run.is_validation != first.is_validation:
            raise EscGpuError(
                f"of {first.folder} and {run.folder} one is validated (--validate) and the other is tested; "
                "expected the same for all; remove one of them"
            )
        mine, others = rows.keys() - positions[0].keys(), positions[0].keys() - rows.keys()
        if (mine or others) and not common:
            raise EscGpuError(
                f"{len(others)} clips are in {first.folder} only and {len(mine)} in {run.folder} only; expected the "
                f"same clips; add --common to use the {len(shared)} that all runs have"
            )
    if not shared:
        raise EscGpuError("the runs have no clip in common; expected runs with the same test folds; name others")
    aligned = [select(run, [positions[number][name] for name in shared]) for number, run in enumerate(runs)]
    for run in aligned:
        same_labels = (run.labels == aligned[0].labels).reshape(len(shared), -1).all(axis=1)
        same = same_labels & (run.folds == aligned[0].folds)
        if not same.all():
            raise EscGpuError(
                f"{shared[int(same.argmin())]} has another class or fold in {run.folder} than in {first.folder}; "
                "expected runs on the same recordings; leave one of them out"
            )
    return aligned


def select(run: RunResults, rows: Sequence[int]) -> RunResults:
    """The run with some of its clips."""
    return dataclasses.replace(
        run,
        filenames=tuple(run.filenames[row] for row in rows),
        folds=run.folds[rows],
        labels=run.labels[rows],
        probabilities=run.probabilities[rows],
    )


def pool(runs: Sequence[RunResults]) -> RunResults:
    """The predictions of all runs as those of one, so that its accuracy is their mean; the rest is the first's."""
    return dataclasses.replace(
        runs[0],
        filenames=tuple(name for run in runs for name in run.filenames),
        folds=np.concatenate([run.folds for run in runs]),
        labels=np.concatenate([run.labels for run in runs]),
        probabilities=np.concatenate([run.probabilities for run in runs]),
    )
