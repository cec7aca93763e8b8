"""`esc-gpu evaluate RUN...`: every metric of a finished run."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from esc_gpu.cli.output import add_bootstrap_arguments, show, write

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

    from esc_gpu.evaluation.assessment import assess_seeds
    from esc_gpu.evaluation.best_epochs import best_epochs
    from esc_gpu.evaluation.run_groups import check_same_but_seed, same_clips
    from esc_gpu.report.evaluation_tables import describe_evaluation, evaluation_tables
    from esc_gpu.report.figures.evaluation import plot_confusion_by_category, plot_per_class, plot_reliability

    check_same_but_seed(runs)
    aligned = same_clips(runs, common=True) if len(runs) > 1 else runs
    evaluation = assess_seeds(aligned, arguments.bootstrap, arguments.seed)
    heading = describe_evaluation(evaluation)
    if any(len(run.labels) > len(aligned[0].labels) for run in runs):
        heading += ", only the clips that all runs share"
    elif best := best_epochs(runs):
        evaluation["best_epochs"] = best
    plots = {"confusion": plot_confusion_by_category, "reliability": plot_reliability, "per_class": plot_per_class}
    show(say, arguments.json, heading, evaluation, evaluation_tables(evaluation))
    if output:
        write(output, EVALUATION, heading, evaluation, evaluation_tables(evaluation), plots)
    if not arguments.json:
        say(f"\nwritten: {output}" if output else "\nGive --output DIR to write this and its plots.")
