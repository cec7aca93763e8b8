"""What the tables of an evaluation and of a comparison say of runs with several labels a clip."""

from typing import Any

from esc_gpu.report.evaluation_tables import bootstrap_note, fold_list, tested_parts
from esc_gpu.report.tables import (
    Table,
    counted,
    mean_and_spread,
    percent,
    percent_range,
    readable,
    share,
)

METRICS = {
    "map": "mAP (macro)",
    "micro_ap": "AP (micro)",
    "auroc": "AUROC (macro)",
    "lwlrap": "lwlrap",
    "macro_f1": "macro-F1",
    "micro_f1": "micro-F1",
}


def describe_evaluation(evaluation: dict[str, Any]) -> str:
    """What was evaluated, in a line."""
    runs = evaluation["runs"]
    folds = fold_list([fold["fold"] for fold in evaluation["folds"]], evaluation["validation"])
    names, seeds = (", ".join(str(run[key]) for run in runs) for key in ("name", "seed"))
    return (
        f"{names}: {counted(evaluation['clips'], 'clip')} with {evaluation['labels_per_clip']:.2f} labels on average, "
        f"of {len(evaluation['per_class'])} classes, {folds}, seed{'' if len(runs) == 1 else 's'} {seeds}"
    )


def evaluation_tables(evaluation: dict[str, Any]) -> list[Table]:
    """The tables of what `assess_several_labels` returns, shares in percent."""
    return [
        _scores(evaluation),
        *_runs(evaluation),
        _folds(evaluation),
        _calibration(evaluation),
        _classes(evaluation),
    ]


def threshold_note(evaluation: dict[str, Any]) -> str:
    """Where the threshold of F1 comes from."""
    chosen = evaluation["thresholds"]
    if "best" in chosen:
        return (
            f"F1, precision and recall: at a threshold of 0.5. The best threshold for these validation clips is "
            f"{chosen['best']:.2f}; to use it, evaluate the run that is tested with --validated and this run."
        )
    if chosen["validated"] is None:
        return (
            "F1, precision and recall: at a threshold of 0.5, because no run of --validate is named. With --validated "
            "RUN, the threshold is chosen on the clips of that run."
        )
    return (
        f"F1, precision and recall: at the threshold of each fold, chosen on validation clips of {chosen['validated']} "
        "whose model has not seen that fold."
    )


def _scores(evaluation: dict[str, Any]) -> Table:
    several = [over for over in ("over_folds", "over_seeds") if evaluation[over]["map"]["std"] is not None]
    rows = [
        [title, share(evaluation[name]), interval_text(evaluation["intervals"].get(name))]
        + [mean_and_spread(evaluation[over][name]) for over in several]
        for name, title in METRICS.items()
    ]
    rows.append(["mAP of the prior", share(evaluation["prior"]["map"]), "–", *("–" for _ in several)])
    notes = [
        bootstrap_note(evaluation["bootstrap"], several),
        threshold_note(evaluation),
        "The prior gives each class its share of these clips as the probability.",
    ]
    columns = ["", "all clips", "95 % interval", *(over.replace("_", " ") for over in several)]
    return Table("Scores in percent", columns, rows, notes)


def _runs(evaluation: dict[str, Any]) -> list[Table]:
    rows = [[run["name"], str(run["seed"]), *(share(run[name]) for name in METRICS)] for run in evaluation["runs"]]
    return [Table("Runs", ["run", "seed", *METRICS.values()], rows)] if len(rows) > 1 else []


def _folds(evaluation: dict[str, Any]) -> Table:
    rows = [
        [str(fold["fold"]), str(fold["clips"]), f"{fold['threshold']:.2f}", *(share(fold[name]) for name in METRICS)]
        for fold in evaluation["folds"]
    ]
    return Table(tested_parts(evaluation), ["fold", "clips", "threshold", *METRICS.values()], rows)


def _calibration(evaluation: dict[str, Any]) -> Table:
    found = evaluation["calibration"]
    rows = [
        ["expected calibration error (ECE)", percent(found["ece"]) + " %"],
        ["maximum calibration error (MCE)", percent(found["mce"]) + " %"],
    ]
    note = (
        f"All pairs of a clip and a class, in {len(found['bins'])} bins of equal width: how far the probability of the "
        "class is from the share of clips that have it. Most classes are not in a clip, so pairs with a low "
        "probability decide the ECE."
    )
    return Table("Calibration", ["", "value"], rows, [note])


def _classes(evaluation: dict[str, Any]) -> Table:
    shown = readable(entry["name"] for entry in evaluation["per_class"])
    rows = [
        [
            shown[entry["name"]],
            str(entry["support"]),
            share(entry["average_precision"]),
            interval_text(entry["interval"]),
            *(share(entry[name]) for name in ("auroc", "precision", "recall", "f1")),
        ]
        for entry in evaluation["per_class"]
    ]
    columns = ["class", "clips", "average precision", "95 % interval", "AUROC", "precision", "recall", "F1"]
    return Table("Classes", columns, rows)


def describe_comparison(comparison: dict[str, Any]) -> str:
    """What was compared, in a line."""
    runs = sum(len(row["runs"]) for row in comparison["rows"])
    folds = fold_list(comparison["folds"], comparison["validation"])
    return f"{runs} runs with several labels a clip on {counted(comparison['clips'], 'clip')} of {folds}"


def comparison_tables(comparison: dict[str, Any]) -> list[Table]:
    """The tables of what `compare_several_labels` returns, shares in percent."""
    rows = [
        [
            row["name"],
            row["frontend"],
            ", ".join(map(str, row["seeds"])),
            share(row["map"]),
            interval_text(row["intervals"]["map"]),
            *(share(row[name]) for name in METRICS if name != "map"),
            f"{row['seconds']:.0f}",
        ]
        for row in comparison["rows"]
    ]
    others = [title for name, title in METRICS.items() if name != "map"]
    columns = ["run", "front-end", "seeds", METRICS["map"], "95 % interval", *others, "seconds a fold"]
    note = bootstrap_note(comparison["bootstrap"], ())
    pairs = [
        [pair["first"], pair["second"], percent(pair["difference"], sign="+"), percent_range(pair, sign="+")]
        for pair in comparison["pairs"]
    ]
    return [
        Table("Runs, in percent", columns, rows, [note, "F1: at a threshold of 0.5."]),
        Table(
            "Pairs",
            ["first", "second", "difference of mAP", "95 % interval"],
            pairs,
            ["Each resample draws the same recordings for both. An interval without 0 shows a difference."],
        ),
    ]


def interval_text(interval: dict[str, float] | None) -> str:
    """The two ends in percent; a dash for an interval that is not defined."""
    return "–" if interval is None else percent_range(interval)
