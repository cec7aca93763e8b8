"""The tables of a probe of embeddings."""

from typing import Any

from esc_gpu.report.evaluation_tables import METRICS
from esc_gpu.report.tables import Table, counted, percent, percent_range

TITLES = {"logistic_regression": "logistic regression", "nearest_neighbours": "nearest neighbours"}


def describe_probe(result: dict[str, Any]) -> str:
    """What was probed, in a line."""
    folds = counted(len(result["folds"]), "fold")
    return (
        f"{result['model']}: embeddings of {counted(result['clips'], 'clip')} of {result['classes']} classes, {folds}"
    )


def probe_tables(result: dict[str, Any]) -> list[Table]:
    """The tables of what `esc_gpu.evaluation.probe.probe` returns, shares in percent."""
    drawn = result["bootstrap"]
    rows = [
        [
            title,
            *(percent(result[name][metric]) for metric in METRICS),
            percent_range(result[name]["intervals"]["accuracy"]),
        ]
        for name, title in TITLES.items()
    ]
    notes = (
        f"95 % interval of the accuracy: bootstrap, {counted(drawn['resamples'], 'resample')} of {drawn['units']} "
        f"{drawn['unit']}s",
        "Each fold is tested by probes of the other folds' embeddings, which alone they are standardised by.",
    )
    over_all = Table("All test clips", ["probe", *METRICS.values(), "95 % interval"], rows, notes)
    by_fold = [
        [str(fold["fold"]), str(fold["clips"]), *(percent(fold[name]) for name in TITLES)] for fold in result["folds"]
    ]
    return [over_all, Table("Accuracy by fold", ["fold", "clips", *TITLES.values()], by_fold)]
