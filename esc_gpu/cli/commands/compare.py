"""`esc-gpu compare RUN RUN...`: finished runs in one table and plot, and tests of each pair."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from esc_gpu.cli.output import add_bootstrap_arguments, show, write
from esc_gpu.errors import EscGpuError

HELP = "compare finished runs on the same clips, with McNemar's test for each pair"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        nargs="+",
        type=Path,
        metavar="RUN",
        help="the folder of a run; runs that differ only in train.seed share a row",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="write the files into this folder (default: no file is written)"
    )
    parser.add_argument(
        "--common",
        action="store_true",
        help="compare on the clips that all runs share (default: refuse runs with different clips)",
    )
    parser.add_argument(
        "--average",
        action="store_true",
        help="add a row: the mean of the runs' probabilities (late fusion), one for each seed that all share",
    )
    add_bootstrap_arguments(parser)


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    if len(arguments.runs) < 2:
        raise EscGpuError("compare was given one run; expected two or more; use esc-gpu evaluate for a single run")
    if len({folder.resolve() for folder in arguments.runs}) < len(arguments.runs):
        raise EscGpuError("compare was given the same run twice; expected different runs; remove one")

    from esc_gpu.core.files import check_makeable
    from esc_gpu.evaluation.finished_run import read_run

    # A wrong folder does not wait for the imports below.
    runs = [read_run(folder) for folder in arguments.runs]
    if arguments.output:
        check_makeable(arguments.output)

    from esc_gpu.core.task import MULTI_LABEL
    from esc_gpu.evaluation.late_fusion import late_fusion

    means = late_fusion(runs, arguments.common) if arguments.average else []
    if runs[0].task == MULTI_LABEL:
        from esc_gpu.evaluation.multi_label_comparison import compare_several_labels as compare
        from esc_gpu.report.figures.several_labels import plot_map_comparison as plot_comparison
        from esc_gpu.report.several_labels_tables import comparison_tables, describe_comparison
    else:
        from esc_gpu.evaluation.comparison import compare
        from esc_gpu.report.evaluation_tables import comparison_tables, describe_comparison
        from esc_gpu.report.figures.evaluation import plot_comparison

    comparison = compare([*runs, *means], arguments.common, arguments.bootstrap, arguments.seed)
    heading, tables = describe_comparison(comparison), comparison_tables(comparison)
    if means:
        heading += f", {len(means)} of them the mean of others' probabilities"
    show(say, arguments.json, heading, comparison, tables)
    if arguments.output:
        write(arguments.output, "comparison", heading, comparison, tables, {"comparison": plot_comparison})
    if not arguments.json:
        output = arguments.output
        say(f"\nwritten: {output}" if output else "\nGive --output DIR to write this and its plot.")
