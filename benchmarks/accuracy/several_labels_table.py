"""The table of a result of `benchmarks.accuracy.several_labels`."""

from benchmarks.common.markdown import heading, line
from esc_gpu.report.tables import numbered, percent_range, share

RANKED = {"map": "mAP", "micro_ap": "AP (micro)", "auroc": "AUROC", "lwlrap": "lwlrap"}  # they need no threshold


def several_labels_table(result: dict[str, object]) -> list[str]:
    """A row for each model, in percent, and what they were trained on."""
    lines = heading("trained with", *RANKED.values())
    for name, values in result["rows"].items():
        lines.append(line(name, *(share(values.get(key)) for key in RANKED)))
    evaluation = result["evaluation"]
    folds = numbered("test fold", [fold["fold"] for fold in evaluation["folds"]])
    return [
        *lines,
        "",
        f"{evaluation['clips']} mixtures of {result['recordings']} with {evaluation['labels_per_clip']:.2f} labels on "
        f"average, {folds}, {result['epochs']} epochs, seed {result['seed']}, "
        f"{result['frontend']['name']}. The 95 % interval of the mAP with several labels is "
        f"{percent_range(evaluation['intervals']['map'])}. Its macro-F1 is {share(evaluation['macro_f1'])} at a "
        "threshold of 0.5, which was not chosen on these clips.",
    ]
