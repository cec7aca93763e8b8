"""Finished runs against each other, on the same clips."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from esc_gpu.evaluation.assessment import assess_seeds
from esc_gpu.evaluation.bootstrap import RESAMPLES, SEED, paired_difference, resampling_units
from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.evaluation.metrics import mean_and_std
from esc_gpu.evaluation.run_groups import group_seeds, same_clips, seed_of
from esc_gpu.evaluation.significance import holm, mcnemar


def compare(
    runs: Sequence[RunResults], common: bool = False, n_bootstrap: int = RESAMPLES, seed: int = SEED
) -> dict[str, Any]:
    """Runs side by side, those that differ in their seed only as one, and tests of each pair.

    Args:
        runs: of the same classes.
        common: leave out clips that not all runs have, instead of refusing them.
        n_bootstrap, seed: as of `assess`.

    Returns:
        A dictionary of plain types with these keys:

        - `validation`: as of `assess`.
        - `clips`, `folds`: how many, and the numbers of their test folds.
        - `rows`: for each group of runs `name` (of the first), `runs` (names), `frontend`, `seeds`, `accuracy`,
          `balanced_accuracy`, `macro_f1`, `intervals`, `over_folds`, `over_seeds` and `protocol` as of `assess_seeds`,
          `fold_accuracies` (one a fold), and `seconds`, the mean training time of a fold.
        - `pairs`: for each two rows `first` and `second` (names), `difference` of their accuracies, the first's less
          the second's, with its 95 % interval `low` and `high`, over all seeds; and of one run of each: `seeds`, the
          lowest that both have or else the lowest of each, `first_only`, `second_only` and `p_value` of McNemar's
          test, and `p_holm`, that value adjusted for the number of pairs.
        - `bootstrap`, `references`: as of `assess`.

    Raises:
        EscGpuError: as of `same_clips` and `assess`.
    """
    groups = group_seeds(same_clips(runs, common))
    names = row_names([group[0] for group in groups])
    assessed = [assess_seeds(group, n_bootstrap, seed) for group in groups]
    pairs = [
        {"first": names[one], "second": names[other], **compare_pair(groups[one], groups[other], n_bootstrap, seed)}
        for one, other in combinations(range(len(groups)), 2)
    ]
    adjusted = holm([pair["p_value"] for pair in pairs])
    return {
        "validation": assessed[0]["validation"],
        "clips": len(groups[0][0].labels),
        "folds": groups[0][0].fold_numbers,
        "rows": list(map(row, names, groups, assessed)),
        "pairs": [{**pair, "p_holm": adjusted[number]} for number, pair in enumerate(pairs)],
        "bootstrap": assessed[0]["bootstrap"],
        "references": assessed[0]["references"],
    }


def row(name: str, group: Sequence[RunResults], assessed: dict[str, Any]) -> dict[str, Any]:
    """A group of runs in the table."""
    seconds = [
        fold["seconds"] for run in group for fold in run.summary["folds"] if fold["fold"] in group[0].fold_numbers
    ]
    return {
        "name": name,
        "runs": [run.name for run in group],
        "frontend": describe_frontend(group[0].summary["frontend"]),
        "seeds": [seed_of(run) for run in group],
        **{key: assessed[key] for key in ("accuracy", "balanced_accuracy", "macro_f1")},
        **{key: assessed[key] for key in ("intervals", "over_folds", "over_seeds", "protocol")},
        "fold_accuracies": [fold["accuracy"] for fold in assessed["folds"]],
        "seconds": mean_and_std(seconds)["mean"],
    }


def compare_pair(
    group: Sequence[RunResults], other: Sequence[RunResults], n_bootstrap: int, seed: int
) -> dict[str, Any]:
    """The difference of two groups with its interval, and McNemar's test of one run of each."""
    shared = {seed_of(run) for run in group} & {seed_of(run) for run in other}
    tested = [min(runs, key=lambda run: (seed_of(run) not in shared, seed_of(run))) for runs in (group, other)]
    return {
        **paired_difference(
            np.mean([right(run) for run in group], axis=0),
            np.mean([right(run) for run in other], axis=0),
            resampling_units(group[0].filenames)[1],
            n_bootstrap,
            seed,
        ),
        "seeds": [seed_of(run) for run in tested],
        **mcnemar(right(tested[0]), right(tested[1])),
    }


def right(run: RunResults) -> np.ndarray:
    """`(n,)` bool, whether the prediction of each clip is right."""
    return run.predictions == run.labels


def row_names(runs: Sequence[RunResults]) -> list[str]:
    """The runs' names, or their folders where two have the same."""
    names = [run.name for run in runs]
    return [run.name if names.count(run.name) == 1 else str(run.folder) for run in runs]


def describe_frontend(spec: dict[str, Any]) -> str:
    """A front-end in a few words: logmel, logmel (nnaudio), stack of logmel, mfcc, cqt."""
    members = spec.get("members") or ([spec["member"]] if spec.get("member") else [])
    backend = "" if spec["backend"] == "native" else f" ({spec['backend']})"
    parts = f" of {', '.join(describe_frontend(member) for member in members)}" if members else ""
    return f"{spec['name']}{backend}{parts}"
