"""The tables of a probe of embeddings."""

from typing import Any, NamedTuple

from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL
from esc_gpu.report import evaluation_tables, several_labels_tables
from esc_gpu.report.tables import Table, counted, percent_range, share

TITLES = {"logistic_regression": "logistic regression", "nearest_neighbours": "nearest neighbours"}


class Shown(NamedTuple):
    """What is shown of a task: its scores with their titles, the one with an interval, and what is told of folds."""

    scores: dict[str, str]
    score: str
    title: str
    by_fold: str


SHOWN = {
    SINGLE_LABEL: Shown(evaluation_tables.METRICS, "accuracy", "accuracy", "Accuracy by fold"),
    MULTI_LABEL: Shown(several_labels_tables.METRICS, "map", "mAP", "mAP by fold"),
}


def describe_probe(result: dict[str, Any]) -> str:
    """What was probed, in a line."""
    folds = counted(len(result["folds"]), "fold")
    return (
        f"{result['model']}: embeddings of {counted(result['clips'], 'clip')} of {result['classes']} classes, {folds}"
    )


def probe_tables(result: dict[str, Any]) -> list[Table]:
    """The tables of what `esc_gpu.evaluation.probe.probe` returns, shares in percent."""
    drawn, shown = result["bootstrap"], SHOWN[result["task"]]
    rows = [
        [
            title,
            *(share(result[name][metric]) for metric in shown.scores),
            percent_range(result[name]["intervals"][shown.score]),
        ]
        for name, title in TITLES.items()
    ]
    notes = [
        f"95 % interval of the {shown.title}: bootstrap, {counted(drawn['resamples'], 'resample')} of {drawn['units']} "
        f"{drawn['unit']}s",
        "Each fold is tested by probes of the other folds' embeddings, which alone they are standardised by.",
    ]
    if "prior" in result:
        notes += [
            "F1: at a threshold of 0.5.",
            "A prior, which gives each class its share of these clips as the probability, has a mAP of "
            f"{share(result['prior']['map'])}.",
        ]
    over_all = Table("All test clips", ["probe", *shown.scores.values(), "95 % interval"], rows, notes)
    by_fold = [
        [str(fold["fold"]), str(fold["clips"]), *(share(fold[name]) for name in TITLES)] for fold in result["folds"]
    ]
    return [over_all, Table(shown.by_fold, ["fold", "clips", *TITLES.values()], by_fold)]
