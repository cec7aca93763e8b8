"""`esc-gpu compare RUN RUN...`: finished runs in one table and plot, and tests of each pair."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from esc_gpu.cli.output import add_bootstrap_arguments, show, write
from esc_gpu.errors import EscGpuError

HELP = "finished runs side by side on the same clips, with McNemar's test of each pair"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="folders of runs; those that differ in train.seed are one row"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder of the files (default: none are written)")
    parser.add_argument("--common", action="store_true", help="use the clips that all runs have")
    add_bootstrap_arguments(parser)


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    if len(arguments.runs) < 2:
        raise EscGpuError("compare was given one run; expected two or more; use esc-gpu evaluate for one")
    if len({folder.resolve() for folder in arguments.runs}) < len(arguments.runs):
        raise EscGpuError("compare was given a run twice; expected different ones; leave one out")

    from esc_gpu.evaluation.comparison import compare
    from esc_gpu.evaluation.finished_run import read_run
    from esc_gpu.report.evaluation_tables import comparison_tables, describe_comparison
    from esc_gpu.report.figures.evaluation import plot_comparison

    runs = [read_run(folder) for folder in arguments.runs]
    comparison = compare(runs, arguments.common, arguments.bootstrap, arguments.seed)
    heading, tables = describe_comparison(comparison), comparison_tables(comparison)
    show(say, arguments.json, heading, comparison, tables)
    if arguments.output:
        write(arguments.output, "comparison", heading, comparison, tables, {"comparison": plot_comparison})
    if not arguments.json:
        output = arguments.output
        say(f"\nwritten: {output}" if output else "\nGive --output DIR to write this and its plot.")
