"""What the tables of an evaluation and of a comparison of runs say."""

from collections.abc import Sequence
from typing import Any

from esc_gpu.core.folds import Fold
from esc_gpu.report.tables import Table, counted, mean_and_spread, numbered, p_value, percent, percent_range, readable

METRICS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro-F1",
    "top3_accuracy": "top-3",
}

# How a published accuracy was made: the attributes of `esc_gpu.evaluation.published.Published`, and their titles.
PROTOCOL = {
    "name": "by",
    "outside_data": "data before",
    "epochs": "epochs",
    "seeds": "seeds",
    "crops": "crops of a clip",
    "selected": "epoch chosen on the test fold",
    "source": "source",
}


def describe_evaluation(evaluation: dict[str, Any]) -> str:
    """What was evaluated, in a line; results of earlier versions, which only tested, have no `validation`."""
    runs = evaluation["runs"]
    clips = counted(evaluation["clips"] // len(runs), "clip")
    folds = fold_list([fold["fold"] for fold in evaluation["folds"]], evaluation.get("validation", False))
    names, seeds = (", ".join(str(run[key]) for run in runs) for key in ("name", "seed"))
    return (
        f"{names}: {clips} of {len(evaluation['per_class'])} classes, {folds}, "
        f"seed{'' if len(runs) == 1 else 's'} {seeds}"
    )


def describe_comparison(comparison: dict[str, Any]) -> str:
    """What was compared, in a line."""
    runs = sum(len(row["runs"]) for row in comparison["rows"])
    folds = fold_list(comparison["folds"], comparison.get("validation", False))
    return f"{runs} runs on {counted(comparison['clips'], 'clip')} of {folds}"


def fold_list(numbers: Sequence[Fold], is_validation: bool) -> str:
    """test fold 1, test folds 1, 2, validation folds 1, 2 (the next of each left out), the validation split."""
    if is_validation and not isinstance(numbers[0], str):
        return f"{numbered('validation fold', numbers)} (the next of each left out)"
    return numbered("test fold", numbers)


def evaluation_tables(evaluation: dict[str, Any]) -> list[Table]:
    """The tables of what `assess_seeds` returns, shares in percent."""
    return [
        _scores(evaluation),
        *_seeds(evaluation),
        _folds(evaluation),
        _calibration(evaluation),
        *_categories(evaluation),
        _classes(evaluation),
        *_confusions(evaluation),
        *_references(evaluation["references"], [{"name": "this run", **evaluation}]),
        *_best_epochs(evaluation),
    ]


def _scores(evaluation: dict[str, Any]) -> Table:
    several = [over for over in ("over_folds", "over_seeds") if evaluation[over]["accuracy"]["std"] is not None]
    rows = [
        [
            title,
            percent(evaluation[name]),
            percent_range(evaluation["intervals"][name]) if name in evaluation["intervals"] else "–",
            *(mean_and_spread(evaluation[over][name]) for over in several),
        ]
        for name, title in METRICS.items()
    ]
    columns = ["", "all clips", "95 % interval", *(over.replace("_", " ") for over in several)]
    return Table("Scores in percent", columns, rows, [bootstrap_note(evaluation["bootstrap"], several)])


def _seeds(evaluation: dict[str, Any]) -> list[Table]:
    rows = [[run["name"], str(run["seed"]), *(percent(run[name]) for name in METRICS)] for run in evaluation["runs"]]
    return [Table("Runs", ["run", "seed", *METRICS.values()], rows)] if len(rows) > 1 else []


def tested_parts(evaluation: dict[str, Any]) -> str:
    """The title of the table of what was tested."""
    fold = evaluation["folds"][0]["fold"]
    return f"{fold.capitalize()} split" if isinstance(fold, str) else "Test folds"


def _folds(evaluation: dict[str, Any]) -> Table:
    rows = [
        [str(fold["fold"]), str(fold["clips"]), *(percent(fold[name]) for name in METRICS)]
        for fold in evaluation["folds"]
    ]
    return Table(tested_parts(evaluation), ["fold", "clips", *METRICS.values()], rows)


def _calibration(evaluation: dict[str, Any]) -> Table:
    calibration = evaluation["calibration"]
    rows = [
        ["expected calibration error (ECE)", percent(calibration["ece"]) + " %"],
        ["maximum calibration error (MCE)", percent(calibration["mce"]) + " %"],
        ["negative log-likelihood (NLL)", f"{evaluation['nll']:.3f} nats"],
        ["Brier score", f"{evaluation['brier']:.3f} of 2"],
    ]
    worst = max(
        (bin for bin in calibration["bins"] if bin["count"]), key=lambda bin: abs(bin["accuracy"] - bin["confidence"])
    )
    note = (
        f"{len(calibration['bins'])} bins of equal width; the bin of the MCE, from {worst['low']:.2f} to "
        f"{worst['high']:.2f}, has {counted(worst['count'], 'clip')}"
    )
    return Table("Calibration", ["", "value"], rows, [note])


def _categories(evaluation: dict[str, Any]) -> list[Table]:
    rows = [
        [
            category["name"],
            str(category["support"]),
            *("–" if category[name] is None else percent(category[name]) for name in ("accuracy", "category_accuracy")),
        ]
        for category in evaluation["per_category"]
    ]
    columns = ["category", "clips", "correct class", "correct category"]
    return [Table("Categories", columns, rows)] if len(rows) > 1 else []


def _classes(evaluation: dict[str, Any]) -> Table:
    matrix = evaluation["confusion_matrix"]
    predicted = [sum(column) for column in zip(*matrix, strict=True)]
    shown = readable(entry["name"] for entry in evaluation["per_class"])
    rows = [
        [
            shown[entry["name"]],
            str(entry["support"]),
            percent(entry["precision"]) if times else "–",
            percent(entry["recall"]) if entry["support"] else "–",
            percent(entry["f1"]) if times or entry["support"] else "–",
        ]
        for entry, times in zip(evaluation["per_class"], predicted, strict=True)
    ]
    return Table("Classes", ["class", "clips", "precision", "recall", "F1"], rows)


def _confusions(evaluation: dict[str, Any]) -> list[Table]:
    shown = readable(entry["name"] for entry in evaluation["per_class"])
    rows = [
        [shown[pair["true"]], shown[pair["predicted"]], str(pair["count"]), percent(pair["share"])]
        for pair in evaluation["confused_pairs"]
    ]
    columns = ["true", "predicted", "clips", "% of the true class"]
    return [Table("Most frequent confusions", columns, rows)] if rows else []


def _references(references: Sequence[dict[str, Any]], ours: Sequence[dict[str, Any]]) -> list[Table]:
    if not references:
        return []
    sources = list(dict.fromkeys(entry["source"] for entry in references))
    rows = [(entry | {"source": f"[{sources.index(entry['source']) + 1}]"}) for entry in references]
    rows += [{"accuracy": row["accuracy"], "name": row["name"], "source": "", **row["protocol"]} for row in ours]
    rows.sort(key=lambda row: row["accuracy"])
    cells = [[percent(row["accuracy"]), *(row[name] for name in PROTOCOL)] for row in rows]
    notes = [
        "The published accuracies are means over all five folds; people listened once. ? means that no source says it. "
        "A number whose epoch was chosen on the test fold is too high."
    ]
    notes += [f"[{number}] {source}" for number, source in enumerate(sources, 1)]
    return [Table("Published accuracies in percent", ["accuracy", *PROTOCOL.values()], cells, notes)]


def _best_epochs(evaluation: dict[str, Any]) -> list[Table]:
    """What some publications report, beside the accuracy of the last epoch and apart from the results."""
    best = evaluation.get("best_epochs")
    if best is None or evaluation["validation"]:
        return []
    rows = [
        [run["name"], ", ".join(map(str, epochs))]
        for run, epochs in zip(evaluation["runs"], best["epochs"], strict=True)
    ]
    notes = [
        f"Choosing each fold's epoch by its own test clips would have given {percent(best['accuracy'])} % instead of "
        f"{percent(evaluation['accuracy'])} %. This is not a result: the test clips took part in the choice. Only the "
        "epochs that were evaluated (train.eval_every) are compared."
    ]
    return [Table("Not a result: the best epoch on the test fold", ["run", "epoch of each fold"], rows, notes)]


def comparison_tables(comparison: dict[str, Any]) -> list[Table]:
    """The tables of what `compare` returns, shares in percent."""
    several = [
        over
        for over in ("over_folds", "over_seeds")
        if any(row[over]["accuracy"]["std"] is not None for row in comparison["rows"])
    ]
    # Where all classes have as many clips it is the accuracy; results of earlier versions have none.
    is_balanced = any(
        percent(row.get("balanced_accuracy", row["accuracy"])) != percent(row["accuracy"]) for row in comparison["rows"]
    )
    rows = [
        [
            row["name"],
            row["frontend"],
            ", ".join(map(str, row["seeds"])),
            percent(row["accuracy"]),
            percent_range(row["intervals"]["accuracy"]),
            *([percent(row["balanced_accuracy"])] if is_balanced else []),
            *(mean_and_spread(row[over]["accuracy"]) for over in several),
            percent(row["macro_f1"]),
            f"{row['seconds']:.0f}",
        ]
        for row in comparison["rows"]
    ]
    columns = ["run", "front-end", "seeds", "accuracy", "95 % interval", *["balanced accuracy"] * is_balanced]
    columns += [over.replace("_", " ") for over in several]
    note = bootstrap_note(comparison["bootstrap"], several)
    runs = Table("Runs, in percent", [*columns, "macro-F1", "seconds a fold"], rows, [note])
    return [runs, *_pairs(comparison), *_references(comparison["references"], comparison["rows"])]


def _pairs(comparison: dict[str, Any]) -> list[Table]:
    rows = [
        [
            pair["first"],
            pair["second"],
            percent(pair["difference"], sign="+"),
            percent_range(pair, sign="+"),
            f"{pair['first_only']} : {pair['second_only']}",
            p_value(pair["p_value"]),
            p_value(pair["p_holm"]),
        ]
        for pair in comparison["pairs"]
    ]
    notes = [
        "McNemar's exact test uses the clips that only one of the two runs classifies correctly. p (Holm) is adjusted "
        "for all pairs."
    ]
    if any(len(row["seeds"]) > 1 for row in comparison["rows"]):
        tested = sorted({tuple(pair["seeds"]) for pair in comparison["pairs"]})
        notes.append(f"The test uses one run of each row: seeds {', '.join(f'{a} and {b}' for a, b in tested)}.")
    columns = ["first", "second", "difference", "95 % interval", "only one right", "p", "p (Holm)"]
    return [Table("Pairs", columns, rows, notes)] if rows else []


def bootstrap_note(bootstrap: dict[str, Any], several: Sequence[str]) -> str:
    """What the intervals are, and where there are `several` folds or seeds, what ± is."""
    return (
        f"Intervals: bootstrap, {counted(bootstrap['resamples'], 'resample')} of "
        f"{counted(bootstrap['units'], bootstrap['unit'])}, seed {bootstrap['seed']}."
        + (" ±: standard deviation." if several else "")
    )
