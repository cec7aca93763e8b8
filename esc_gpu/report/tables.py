"""Tables in text or Markdown, and the numbers in them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from esc_gpu.core.folds import Fold, the_fold
from esc_gpu.core.task import MULTI_LABEL
from esc_gpu.core.text import escape, printable

SUMMARY_SCORES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "top3_accuracy": "top-3"}
SEVERAL_SCORES = {"map": "mAP", "auroc": "AUROC", "lwlrap": "lwlrap", "macro_f1": "macro-F1"}  # of labels a clip
NUMERIC = "0123456789+-–<"  # what a cell that is set to the right begins with


@dataclass(frozen=True)
class Table:
    """Rows of cells under a title; the notes say how to read them, a line each."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def format_text(tables: Sequence[Table]) -> str:
    """The tables for a terminal, columns of numbers set to the right."""
    return "\n\n".join(_text(table) for table in tables)


def format_markdown(heading: str, tables: Sequence[Table]) -> str:
    """The tables as a Markdown document."""
    return "\n\n".join([f"# {escape(heading)}", *(_markdown(table) for table in tables)]) + "\n"


def _text(table: Table) -> str:
    lines = [table.columns, *table.rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(table.columns))]
    to_the_right = _numeric(table)
    laid_out = [
        "  ".join(
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(line, widths, to_the_right, strict=True)
        ).rstrip()
        for line in lines
    ]
    return "\n".join([table.title, *(f"  {printable(line)}" for line in (*laid_out, *table.notes))])


def _markdown(table: Table) -> str:
    rule = ["---:" if is_right else "---" for is_right in _numeric(table)]
    lines = [map(escape, table.columns), rule, *(map(escape, row) for row in table.rows)]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([f"## {escape(table.title)}", rows, *map(escape, table.notes)])


def _numeric(table: Table) -> list[bool]:
    return [all(row[k][:1] in NUMERIC for row in table.rows) for k in range(len(table.columns))]


def format_summary(summary: dict[str, Any]) -> str:
    """A line for each fold, then mean and standard deviation over the folds, in percent.

    The balanced accuracy stands beside the accuracy where classes have different numbers of clips.
    """
    several = summary.get("task") == MULTI_LABEL
    overall, names = summary["overall"], dict(SEVERAL_SCORES if several else SUMMARY_SCORES)
    if "balanced_accuracy" in overall:
        names = {"accuracy": names.pop("accuracy"), "balanced_accuracy": "balanced", **names}
    titles = "".join(f"{title:>10}" for title in names.values())
    width = max(6, *(len(str(fold["fold"])) for fold in summary["folds"]))
    lines = [f"{'fold':>{width}} {'clips':>6}{titles}{'seconds':>10}"]
    for fold in summary["folds"]:
        values = "".join(f"{share(fold.get(name, fold.get('accuracy'))):>10}" for name in names)
        lines.append(f"{fold['fold']:>{width}} {fold['clips']:>6}{values}{fold['seconds']:>10.0f}")
    means = "".join(f"{share(overall[name]['mean']):>10}" for name in names)
    lines.append(f"{'mean':>{width}} {overall['clips']:>6}{means}{summary['seconds']:>10.0f}")
    if len(summary["folds"]) > 1:
        lines.append(f"{'std':>{width}} {'':>6}" + "".join(f"{share(overall[name]['std']):>10}" for name in names))
    return "\n".join(lines)


def share(value: float | None) -> str:
    """`percent` of a share, a dash for one that is not defined."""
    return "–" if value is None else percent(value)


def percent(value: float, decimals: int = 2, sign: str = "") -> str:
    """A share in percent, half of the last decimal rounded up, as 103 of 160 are 64.38.

    A share of clips is the same text wherever it comes from: a quotient in single precision, as earlier versions kept
    it, or a mean over the folds is off by some 1e-8, and where the true value is half way that would decide.
    """
    exact = Decimal(repr(round(100 * float(value), 5)))
    return f"{exact.quantize(Decimal(10) ** -decimals, ROUND_HALF_UP) + 0:{sign}f}"  # + 0: no -0.00


def percent_range(ends: dict[str, float], sign: str = "") -> str:
    """`low` and `high` in percent, one decimal."""
    return " to ".join(percent(ends[end], 1, sign) for end in ("low", "high"))


def mean_and_spread(value: dict[str, Any]) -> str:
    """A mean in percent with its standard deviation, where there is one; a dash for one that is not defined."""
    return share(value["mean"]) + ("" if value["std"] is None else f" ± {percent(value['std'])}")


def p_value(value: float) -> str:
    """A probability, not less exact than anybody should care for."""
    return "<0.0001" if value < 1e-4 else f"{value:.4f}"


def numbered(noun: str, numbers: Sequence[Fold]) -> str:
    """fold 1; folds 1, 2; of a split, the test split."""
    if isinstance(numbers[0], str):
        return the_fold(numbers[0])
    return f"{noun}{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers))}"


def counted(number: int, noun: str) -> str:
    """10,000 resamples, 1 clip."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def readable(class_names: Iterable[str]) -> dict[str, str]:
    """By their names, the classes as they are shown: without underscores, but where two would be shown alike."""
    shown = {name: name.replace("_", " ") for name in class_names}
    times = Counter(shown.values())
    return {name: text if times[text] == 1 else name for name, text in shown.items()}
