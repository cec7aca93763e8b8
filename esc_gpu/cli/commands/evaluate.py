"""`esc-gpu evaluate RUN...`: every metric of a finished run."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esc_gpu.cli.output import add_bootstrap_arguments, show, write

if TYPE_CHECKING:
    from esc_gpu.evaluation.finished_run import RunResults
    from esc_gpu.report.tables import Table

# The heading, the result, its tables, and its plots by the names of their files.
Assessed = tuple[str, dict[str, Any], "list[Table]", Mapping[str, Callable[..., object]]]

HELP = (
    "compute metrics, confidence intervals, calibration and confusions of a finished run, or of several seeds together"
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "runs",
        nargs="*",
        type=Path,
        metavar="RUN",
        help="the folder of a run; several runs may differ only in train.seed; without a folder, the command only "
        "names the newest run",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="write the files into this folder (default: RUN/evaluation; with several runs, no file is written)",
    )
    parser.add_argument(
        "--validated",
        type=Path,
        metavar="RUN",
        help="for several labels a clip: choose the threshold of F1 on the validation clips of this run of --validate "
        "(default: a threshold of 0.5)",
    )
    add_bootstrap_arguments(parser)


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    from esc_gpu.cli.next_commands import missing_run
    from esc_gpu.core.files import check_makeable
    from esc_gpu.core.run_layout import EVALUATION
    from esc_gpu.evaluation.finished_run import read_run

    if not arguments.runs:
        raise missing_run("RUN", arguments.typed)
    # A wrong folder does not wait for the imports below.
    runs = [read_run(folder) for folder in arguments.runs]
    if output := arguments.output or (arguments.runs[0] / EVALUATION if len(runs) == 1 else None):
        check_makeable(output)

    from esc_gpu.core.task import MULTI_LABEL
    from esc_gpu.evaluation.run_groups import check_same_but_seed, same_clips

    check_same_but_seed(runs)
    aligned = same_clips(runs, common=True) if len(runs) > 1 else runs
    is_part = any(len(run.labels) > len(aligned[0].labels) for run in runs)
    assess = assess_several_labels if aligned[0].task == MULTI_LABEL else assess_one_label
    heading, evaluation, tables, plots = assess(arguments, aligned, is_part)
    if is_part:
        heading += ", only the clips that all runs share"
    show(say, arguments.json, heading, evaluation, tables)
    if output:
        write(output, EVALUATION, heading, evaluation, tables, plots)
    if not arguments.json:
        say(f"\nwritten: {output}" if output else "\nGive --output DIR to write this and its plots.")


def assess_one_label(arguments: Namespace, runs: "list[RunResults]", is_part: bool) -> Assessed:
    """Of runs with one class a clip."""
    from esc_gpu.evaluation.assessment import assess_seeds
    from esc_gpu.evaluation.best_epochs import best_epochs
    from esc_gpu.report.evaluation_tables import describe_evaluation, evaluation_tables
    from esc_gpu.report.figures.evaluation import plot_confusion_by_category, plot_per_class, plot_reliability

    runs[0].check_threshold_needed(arguments.validated)
    evaluation = assess_seeds(runs, arguments.bootstrap, arguments.seed)
    if not is_part and (best := best_epochs(runs)):
        evaluation["best_epochs"] = best
    plots = {"confusion": plot_confusion_by_category, "reliability": plot_reliability, "per_class": plot_per_class}
    return describe_evaluation(evaluation), evaluation, evaluation_tables(evaluation), plots


def assess_several_labels(arguments: Namespace, runs: "list[RunResults]", is_part: bool) -> Assessed:
    """Of runs with several labels a clip."""
    from esc_gpu.evaluation import multi_label_assessment
    from esc_gpu.evaluation.finished_run import read_run
    from esc_gpu.report.figures.several_labels import plot_average_precisions, plot_label_reliability
    from esc_gpu.report.several_labels_tables import describe_evaluation, evaluation_tables

    validated = None if arguments.validated is None else read_run(arguments.validated)
    evaluation = multi_label_assessment.assess_several_labels(runs, arguments.bootstrap, arguments.seed, validated)
    plots = {"average_precision": plot_average_precisions, "reliability": plot_label_reliability}
    return describe_evaluation(evaluation), evaluation, evaluation_tables(evaluation), plots
