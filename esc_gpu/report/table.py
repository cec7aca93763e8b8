"""The summary of a run as text."""

from typing import Any

COLUMNS = {"accuracy": "accuracy", "macro_f1": "macro-F1", "top3_accuracy": "top-3"}


def format_summary(summary: dict[str, Any]) -> str:
    """A line for each fold, then mean and standard deviation over the folds, in percent."""
    lines = [f"{'fold':>6} {'clips':>6}" + "".join(f"{title:>10}" for title in COLUMNS.values()) + f"{'seconds':>10}"]
    for fold in summary["folds"]:
        values = "".join(f"{100 * fold[name]:>10.2f}" for name in COLUMNS)
        lines.append(f"{fold['fold']:>6} {fold['clips']:>6}{values}{fold['seconds']:>10.0f}")
    overall = summary["overall"]
    means = "".join(f"{100 * overall[name]['mean']:>10.2f}" for name in COLUMNS)
    lines.append(f"{'mean':>6} {overall['clips']:>6}{means}{summary['seconds']:>10.0f}")
    if len(summary["folds"]) > 1:
        lines.append(f"{'std':>6} {'':>6}" + "".join(f"{100 * overall[name]['std']:>10.2f}" for name in COLUMNS))
    return "\n".join(lines)
