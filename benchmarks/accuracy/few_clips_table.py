"""The table of a result of `benchmarks.accuracy.few_clips`."""

from typing import Any

from benchmarks.common.markdown import heading, line
from esc_gpu.report.tables import percent, percent_range

TITLES = {
    "scratch": "from scratch",
    "frozen": "last layer alone",
    "full": "all weights",
    "logistic_regression": "logistic regression",
    "nearest_neighbours": "nearest neighbours",
}


def few_clips_table(result: dict[str, Any]) -> list[str]:
    """Ways to learn down, clips of a class across: the accuracy in percent with its 95 % interval."""
    sizes = list(dict.fromkeys(row["clips"] for row in result["rows"]))
    found = {(row["name"], row["clips"]): row for row in result["rows"]}
    lines = heading("learnt", *(f"{size} clip{'s' * (size > 1)} of a class" for size in sizes))
    for name, title in TITLES.items():
        rows = [found[name, size] for size in sizes]
        lines.append(
            line(title, *(f"{percent(row['accuracy'], 1)} [{percent_range(row['interval'])}]" for row in rows))
        )
    drawn = result["rows"][0]["bootstrap"]
    return [
        *lines,
        "",
        f"Learnt first, in {result['trained_epochs']} epochs: {', '.join(result['trained_classes'])}, with "
        f"{percent(result['trained_accuracy'], 1)} % on the last fold. Then: {', '.join(result['classes'])}. "
        f"{len(result['draws'])} draws of the clips, seed {result['seed']}, {result['steps']} steps for each training. "
        f"Intervals: bootstrap of {drawn['units']} {drawn['unit']}s, all draws together.",
    ]
