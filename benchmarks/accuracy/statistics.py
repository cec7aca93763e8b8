"""What the runs of a grid say: each row's accuracy, and its difference to the reference with interval and test."""

import statistics
from collections.abc import Sequence

import torch

from benchmarks.accuracy.cross_validation import without_paths
from benchmarks.accuracy.grid import Grid, Runs
from benchmarks.accuracy.temperature import best_temperature
from esc_gpu.config.options import flatten, plain
from esc_gpu.evaluation.assessment import assess_seeds
from esc_gpu.evaluation.comparison import compare_pair, right, row
from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.evaluation.metrics import mean_and_std, scores
from esc_gpu.evaluation.run_groups import differing_options, same_clips, seed_of, select
from esc_gpu.evaluation.significance import holm

RESAMPLES, SEED = 10_000, 0  # of the bootstrap


def describe_grid(grid: Grid, runs: Runs) -> dict[str, object]:
    """The runs there are, one at least, as plain types; rows without a run are left out.

    Returns:
        A dictionary with these keys:

        - `complete`: whether all rows have all seeds.
        - `environment`, `data`: of the first run.
        - `differing`: what is not the same for all runs of `code`, `cpu`, `gpu`, `versions` and `mixed_precision`.
        - `protocol`: `epochs`, `folds`, `seeds` (those asked for), `checkpoint`, `validation`, `mixed_precision`.
        - `reference`: name of the first row.
        - `recipe`: its config without the paths of the machine; of the first row that has a run, where it has none.
        - `rows`: as of `describe_rows`.
        - `runs`: for each `row`, `seed`, `folds` (`fold`, `accuracy`, `macro_f1`, `loss` and `temperature` as of
          `best_temperature`, `clips`, `seconds`) and `right`, a 1 for each clip whose class was found and a 0 for the
          others.
        - `clips`: the clips' names, in the order of `right`.
        - `bootstrap`, `references`: as of `esc_gpu.evaluation.assessment.assess`.

    Raises:
        EscGpuError: for runs on different clips.
    """
    cells = [cell for cell in grid.cells() if cell in runs]
    aligned = dict(zip(cells, in_order_of_names(same_clips([runs[cell] for cell in cells])), strict=True))
    names = [name for name in grid.configs if any(name == row for row, _ in cells)]
    groups = {name: [run for (row, _), run in aligned.items() if row == name] for name in names}
    assessed = {name: assess_seeds(group, RESAMPLES, SEED) for name, group in groups.items()}
    first = groups[names[0]][0]
    return {
        "complete": len(cells) == len(grid.cells()),
        "environment": first.summary["environment"],
        "data": first.summary["data"],
        "differing": differing_circumstances(list(aligned.values())),
        "protocol": {
            "epochs": first.config["train"]["epochs"],
            "folds": first.fold_numbers,
            "seeds": grid.seeds,
            "checkpoint": "last",
            "validation": first.config["validate"],
            "mixed_precision": first.summary["mixed_precision"],
        },
        "reference": next(iter(grid.configs)),
        "recipe": without_paths(first.config),
        "rows": describe_rows(next(iter(grid.configs)), groups, assessed),
        "runs": [
            {
                "row": name,
                "seed": seed,
                "folds": describe_folds(run),
                "right": "".join(str(int(found)) for found in right(run)),
            }
            for (name, seed), run in aligned.items()
        ],
        "clips": list(first.filenames),
        "bootstrap": assessed[names[0]]["bootstrap"],
        "references": assessed[names[0]]["references"],
    }


def describe_rows(
    reference: str, groups: dict[str, list[RunResults]], assessed: dict[str, dict[str, object]]
) -> list[dict[str, object]]:
    """The rows and their differences to the reference, in the order of the plan.

    Args:
        reference: name of a row; where it has no run yet there are no differences.
        groups: the runs of each row, which differ in their seed only, on the same clips in the same order.
        assessed: `assess_seeds` of each.

    Returns:
        For each row `name`, `frontend`, `seeds`, `accuracy`, `macro_f1`, `intervals`, `over_folds`, `over_seeds`,
        `fold_accuracies` and `seconds` as of `esc_gpu.evaluation.comparison.compare`, and

        - `fold_losses`: of each fold, the mean over the seeds of the loss at the best temperature of each run and fold;
          and `loss`, their `mean` and `std`.
        - `options`: where the config departs from the reference's, apart from the front-end.
        - `frontend_options`: all that the front-end has.
        - `epoch_seconds`: median of the epochs without evaluation; None without such.
        - `against_reference`: over the seeds that both have, `difference` of the accuracies, the row's less the
          reference's, with its 95 % interval `low` and `high`; and `seeds`, `first_only`, `second_only` and `p_value`
          of McNemar's test as of `compare`, and `p_holm`, adjusted for the number of rows beside the reference. None
          for the reference.
    """
    base = groups.get(reference)
    rows = []
    for name, group in groups.items():
        described = row(name, group, assessed[name])
        del described["runs"]
        losses = fold_losses(group)
        described |= {
            "fold_losses": losses,
            "loss": mean_and_std(losses),
            "options": {} if base is None else departures(base[0], group[0]),
            "frontend_options": group[0].summary["frontend"],
            "epoch_seconds": epoch_seconds(group),
            "against_reference": None if base is None or name == reference else against(group, base),
        }
        rows.append(described)
    pairs = [described["against_reference"] for described in rows if described["against_reference"] is not None]
    for pair, adjusted in zip(pairs, holm([pair["p_value"] for pair in pairs]), strict=True):
        pair["p_holm"] = adjusted
    return rows


def against(group: Sequence[RunResults], base: Sequence[RunResults]) -> dict[str, object]:
    """The difference of two rows over the seeds that both have: while a seed is being run, the reference is ahead."""
    shared = {seed_of(run) for run in group} & {seed_of(run) for run in base}
    both = ([run for run in runs if seed_of(run) in shared] for runs in (group, base))
    return compare_pair(*both, RESAMPLES, SEED)


def differing_circumstances(runs: Sequence[RunResults]) -> list[str]:
    """What the runs were not all made by: their rows differ by more than their options."""
    made_by = [run.summary["environment"] | {"mixed_precision": run.summary["mixed_precision"]} for run in runs]
    names = "code", "cpu", "gpu", "versions", "mixed_precision"
    return [name for name in names if any(by.get(name) != made_by[0].get(name) for by in made_by)]


def in_order_of_names(runs: Sequence[RunResults]) -> list[RunResults]:
    """Runs on the same clips, these sorted by name."""
    names = runs[0].filenames
    order = sorted(range(len(names)), key=names.__getitem__)
    return [select(run, order) for run in runs]


def describe_folds(run: RunResults) -> list[dict[str, object]]:
    """The scores of each test fold, from the predictions, and its seconds of training."""
    seconds = {fold["fold"]: fold["seconds"] for fold in run.summary["folds"]}
    probabilities, labels = torch.from_numpy(run.probabilities), torch.from_numpy(run.labels)
    described = []
    for fold in run.fold_numbers:
        clips = torch.from_numpy(run.folds == fold)
        values = scores(probabilities[clips], labels[clips])
        shown = {name: values[name] for name in ("accuracy", "macro_f1")}
        shown |= best_temperature(run.probabilities[clips.numpy()], run.labels[clips.numpy()])
        described.append({"fold": fold, **shown, "clips": int(clips.sum()), "seconds": seconds[fold]})
    return described


def fold_losses(group: Sequence[RunResults]) -> list[float]:
    """Of each fold, the mean over the runs of the loss at the best temperature."""
    losses = [[fold["loss"] for fold in describe_folds(run)] for run in group]
    return [statistics.mean(of_fold) for of_fold in zip(*losses, strict=True)]


def epoch_seconds(group: Sequence[RunResults]) -> float | None:
    """Median over the epochs of all folds that were not evaluated."""
    records = [record for run in group for fold in run.fold_numbers for record in run.history(fold)]
    seconds = [record["seconds"] for record in records if "test_accuracy" not in record]
    return statistics.median(seconds) if seconds else None


def departures(base: RunResults, run: RunResults) -> dict[str, object]:
    """Dotted options that differ, with their values, apart from the front-end."""
    values = flatten(plain(without_paths(run.config)))
    return {name: values.get(name) for name in differing_options(base, run) if not name.startswith("frontend.")}
