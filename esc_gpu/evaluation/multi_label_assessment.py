"""Every metric of a finished run with several labels a clip, from its predictions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from esc_gpu.core.average_precision import average_precision
from esc_gpu.core.task import MULTI_LABEL, THRESHOLD
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.assessment import check_assessable
from esc_gpu.evaluation.bootstrap import RESAMPLES, SEED, bootstrap, bootstrap_weights, resampling_units
from esc_gpu.evaluation.calibration import label_calibration
from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.evaluation.multi_label import (
    SCORES,
    Scored,
    Threshold,
    best_threshold,
    class_scores,
    label_precisions,
    mean_of,
    prior_map,
    scores,
    spread_of,
)
from esc_gpu.evaluation.run_groups import pool, seed_of

Interval = dict[str, float] | None


def assess_several_labels(
    runs: Sequence[RunResults], n_bootstrap: int = RESAMPLES, seed: int = SEED, validated: RunResults | None = None
) -> dict[str, Any]:
    """Metrics of one run's test clips, or the means of runs that differ in their seed, as plain types.

    Args:
        runs: one or more with several labels a clip, on the same clips.
        n_bootstrap, seed: resamples of the intervals, and their seed.
        validated: a run of `--validate` to choose the threshold of F1 by, for each test fold on the clips of a fold
            whose model has seen neither; without one the threshold is 0.5.

    Returns:
        A dictionary with these keys, a share in `[0, 1]` and None where it is not defined:

        - `task`, `validation`, `clips`, `labels_per_clip`.
        - `runs`: for each run `name`, `seed` and its `esc_gpu.evaluation.multi_label.SCORES`; the scores of all runs
          themselves; `over_seeds` and, of the test folds in `folds`, `over_folds` with `mean` and `std` of each.
        - `prior`: `map` of a model that says of each class how frequent it is.
        - `thresholds`: `by_fold`, and `validated`, the name of the run that they were chosen by, or None; of a run of
          `--validate` itself also `best`, chosen for the clips that are scored.
        - `calibration`: of the pairs of a clip and a class, as of `label_calibration`.
        - `per_class`: `name`, `category`, `support` (clips), `average_precision` with its `interval`, `auroc`,
          `precision`, `recall`, `f1`.
        - `intervals`: `map`, `lwlrap`, `macro_f1`, `micro_f1`, each `low` and `high`, or None.
        - `bootstrap`: as of `assess`.

    Raises:
        EscGpuError: as of `assess`, and for a run to choose thresholds by that has not what is needed.
    """
    for run in runs:
        check_assessable(run, n_bootstrap, seed)
    first = runs[0]
    labels, names = first.labels, first.class_names
    by_fold = thresholds(first, validated)
    threshold = np.array([by_fold[fold] for fold in first.folds.tolist()])[:, None]
    each = [scores(run.probabilities, labels, threshold) for run in runs]
    folds: list[dict[str, Any]] = []
    for fold in first.fold_numbers:
        clips = first.folds == fold
        parts = [scores(run.probabilities[clips], labels[clips], by_fold[fold]) for run in runs]
        folds.append({"fold": fold, "clips": int(clips.sum()), "threshold": by_fold[fold], **means(parts)})
    pooled = pool(runs)
    unit, units = resampling_units(first.filenames)
    precision, *of_classes = precision_intervals(runs, units, n_bootstrap, seed)
    classes = [class_scores(run.probabilities, labels, threshold) for run in runs]
    chosen: dict[str, Any] = {"by_fold": {str(fold): value for fold, value in by_fold.items()}}
    chosen["validated"] = validated.name if validated else None
    if first.is_validation:
        chosen["best"] = best_threshold(first.probabilities, labels)
    return {
        "task": MULTI_LABEL,
        "validation": first.is_validation,
        "clips": len(labels),
        "labels_per_clip": float(labels.sum(axis=1).mean()),
        "runs": [{"name": run.name, "seed": seed_of(run), **each[number]} for number, run in enumerate(runs)],
        **means(each),
        "over_seeds": {name: spread_of([its[name] for its in each]) for name in SCORES},
        "folds": folds,
        "over_folds": {name: spread_of([fold[name] for fold in folds]) for name in SCORES},
        "prior": {"map": prior_map(labels)},
        "thresholds": chosen,
        "calibration": label_calibration(pooled.probabilities, pooled.labels),
        "per_class": [
            {
                "name": name,
                "category": first.class_categories[label],
                "support": int(labels[:, label].sum()),
                **means([rows[label] for rows in classes]),
                "interval": of_classes[label],
            }
            for label, name in enumerate(names)
        ],
        "intervals": {"map": precision, **sum_intervals(runs, threshold, units, n_bootstrap, seed)},
        "bootstrap": {"resamples": n_bootstrap, "unit": unit, "units": len(set(units.tolist())), "seed": seed},
    }


def thresholds(run: RunResults, validated: RunResults | None) -> dict[Any, float]:
    """The threshold of each test fold.

    That of a fold is chosen on the clips of one that was validated while this one was left out of the training, so
    neither the clips nor the model that it is chosen by know anything of the fold.
    """
    if validated is None:
        return dict.fromkeys(run.fold_numbers, THRESHOLD)
    if not validated.is_validation or validated.task != MULTI_LABEL or validated.class_names != run.class_names:
        raise EscGpuError(
            f"{validated.folder} cannot choose thresholds; expected a run of --validate with several labels a clip and "
            f"the classes of {run.folder}; train one, or leave --validated out for a threshold of {THRESHOLD}"
        )
    if run.is_validation:
        raise EscGpuError(f"{run.folder} is itself a run of --validate; expected one that was tested; name another")
    chosen = {}
    for fold in run.fold_numbers:
        seen = [part["fold"] for part in validated.summary["folds"] if fold in part.get("left_out", [])]
        if not seen:
            raise EscGpuError(
                f"{validated.folder} has no fold that was validated while {fold} was left out; expected one for each "
                "test fold; train it with the same --folds left out"
            )
        clips = np.isin(validated.folds, seen)
        chosen[fold] = best_threshold(validated.probabilities[clips], validated.labels[clips])
    return chosen


def means(parts: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    """The mean of each number."""
    return {name: mean_of([part[name] for part in parts]) for name in parts[0]}


def precisions(run: Scored, weights: np.ndarray) -> np.ndarray:
    """From weights of the clips `(m, n)`: `(m, 1 + K)`, the mean average precision and that of each class."""
    each = np.column_stack(
        [average_precision(run.probabilities[:, label], true, weights) for label, true in enumerate(run.labels.T)]
    )
    total = np.nansum(each, axis=1) / np.isfinite(each).sum(axis=1).clip(1)
    return np.column_stack([np.where(np.isfinite(each).any(axis=1), total, np.nan), each])


def precision_intervals(runs: Sequence[Scored], units: np.ndarray, n_resamples: int, seed: int) -> list[Interval]:
    """The intervals of the mean average precision and of each class's, over the means of the runs."""

    def statistics(weights: np.ndarray) -> np.ndarray:
        values: np.ndarray = np.mean([precisions(run, weights) for run in runs], axis=0)
        return values

    return bootstrap_weights(statistics, units, n_resamples, seed)


def sum_intervals(
    runs: Sequence[Scored], threshold: Threshold, units: np.ndarray, n_resamples: int, seed: int
) -> dict[str, dict[str, float]]:
    """The intervals of what follows from sums over the clips: lwlrap, macro_f1 and micro_f1, the means of the runs."""
    labels = runs[0].labels
    ranked = np.mean([label_precisions(run.probabilities, labels) for run in runs], axis=0)
    values = [ranked, labels.sum(axis=1)]
    for run in runs:
        predicted = run.probabilities >= threshold
        values += [*(predicted & labels).T, *predicted.T, *labels.T]

    def counts(sums: np.ndarray) -> list[np.ndarray]:
        """For each run `(3, m, K)`: right, predicted and true."""
        return [np.stack(np.split(part, 3, axis=1)) for part in np.split(sums[:, 2:], len(runs), axis=1)]

    def lwlrap(sums: np.ndarray) -> np.ndarray:
        return sums[:, 0] / sums[:, 1].clip(1)

    def macro_f1(sums: np.ndarray) -> np.ndarray:
        each = []
        for right, predicted, true in counts(sums):
            seen = predicted + true
            each.append((2 * right / seen.clip(1)).sum(axis=1) / (seen > 0).sum(axis=1).clip(1))
        return np.asarray(np.mean(each, axis=0))

    def micro_f1(sums: np.ndarray) -> np.ndarray:
        each = [2 * right.sum(1) / (found + true).sum(1).clip(1) for right, found, true in counts(sums)]
        return np.asarray(np.mean(each, axis=0))

    statistics = {"lwlrap": lwlrap, "macro_f1": macro_f1, "micro_f1": micro_f1}
    return bootstrap(np.column_stack(values).astype(np.float64), units, statistics, n_resamples, seed)
