"""The evaluation of a finished run as a result file, and its plots as pictures of the docs.

    python -m benchmarks.accuracy.evaluation runs/logmel --against runs/logmel_delta runs/pcen

With --against also the comparison with these runs, on the clips that all have.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.command import add_output, create_parser
from benchmarks.common.paths import PICTURES
from benchmarks.common.results_file import keep_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.evaluation.assessment import assess_seeds
from esc_gpu.evaluation.comparison import compare
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.report.evaluation_tables import (
    comparison_tables,
    describe_comparison,
    describe_evaluation,
    evaluation_tables,
)
from esc_gpu.report.figures.evaluation import plot_confusion_by_category, plot_reliability
from esc_gpu.report.tables import format_text

COMPARISON = "comparison"


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--against", type=Path, nargs="+", default=[], metavar="RUN", help="runs to compare it with")
    add_output(parser)
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="folder of the pictures")
    arguments = parser.parse_args(argv)
    return reporting(lambda: write(arguments))


def write(arguments: argparse.Namespace) -> None:
    arguments.pictures.mkdir(parents=True, exist_ok=True)
    run = read_run(arguments.run)
    others = [read_run(folder) for folder in arguments.against]
    evaluation = assess_seeds([run])
    result = {
        "benchmark": "evaluation",
        "data": run.summary["data"],
        "evaluation": evaluation,
        COMPARISON: compare([run, *others], common=True) if others else None,
    }
    for name, plot in {"confusion": plot_confusion_by_category, "reliability": plot_reliability}.items():
        for file in plot(arguments.pictures / f"evaluation-{name}", evaluation):
            if file.suffix != ".png":  # pages show no PDF
                file.unlink()
    name = f"evaluation {run.summary['data']['recordings']} {run.summary['frontend']['name']}"
    keep_result(name, result, arguments.output)


def evaluation_text(result: dict[str, object], part: str) -> list[str]:
    """What the command line says: the table whose title begins with `part`, or the comparison."""
    if part == COMPARISON:
        comparison = result[COMPARISON]
        heading, tables = describe_comparison(comparison), comparison_tables(comparison)
    else:
        heading, tables = describe_evaluation(result["evaluation"]), evaluation_tables(result["evaluation"])
        tables = [table for table in tables if table.title.lower().startswith(part)]
    return ["```text", *([heading, ""] if part in (COMPARISON, "scores") else []), format_text(tables), "```"]


if __name__ == "__main__":
    sys.exit(main())
