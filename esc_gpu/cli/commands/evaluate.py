"""`esc-gpu evaluate RUN...`: every metric of a finished run."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from esc_gpu.report.tables import Table

HELP = "metrics, intervals, calibration and confusions of a finished run, or of its seeds together"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="folder of a run; several that differ in train.seed only"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="folder of the files (default: RUN/evaluation; none for several)"
    )
    add_bootstrap_arguments(parser)


def add_bootstrap_arguments(parser: ArgumentParser) -> None:
    """The options that `esc-gpu compare` has, too."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--bootstrap", type=int, default=10_000, metavar="N", help="resamples (default: 10000)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the resamples (default: 0)")


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    from esc_gpu.evaluation.assessment import assess_seeds
    from esc_gpu.evaluation.finished_run import read_run
    from esc_gpu.evaluation.run_groups import check_same_but_seed, same_clips
    from esc_gpu.report.evaluation_tables import describe_evaluation, evaluation_tables
    from esc_gpu.report.figures.evaluation import plot_confusion, plot_per_class, plot_reliability

    runs = [read_run(folder) for folder in arguments.runs]
    check_same_but_seed(runs)
    aligned = same_clips(runs, common=True) if len(runs) > 1 else runs
    evaluation = assess_seeds(aligned, arguments.bootstrap, arguments.seed)
    heading = describe_evaluation(evaluation)
    if any(len(run.labels) > len(aligned[0].labels) for run in runs):
        heading += ", the clips that all runs have"
    plots = {"confusion": plot_confusion, "reliability": plot_reliability, "per_class": plot_per_class}
    default = arguments.runs[0] / "evaluation" if len(runs) == 1 else None
    show(say, arguments.json, heading, evaluation, evaluation_tables(evaluation))
    if output := arguments.output or default:
        write(output, "evaluation", heading, evaluation, evaluation_tables(evaluation), plots)
    if not arguments.json:
        say(f"\nwritten: {output}" if output else "\nGive --output DIR to write this and its plots.")


def show(
    say: Callable[[str], None], as_json: bool, heading: str, result: dict[str, Any], tables: "list[Table]"
) -> None:
    """Print the result, as JSON or as a heading and tables."""
    import json

    from esc_gpu.core.text import printable
    from esc_gpu.report.tables import format_text

    # ASCII: some of the other characters are commands to a terminal.
    say(json.dumps(result, indent=2) if as_json else f"{printable(heading)}\n\n{format_text(tables)}")


def write(
    folder: Path,
    name: str,
    heading: str,
    result: dict[str, Any],
    tables: "list[Table]",
    plots: Mapping[str, Callable[..., object]],
) -> None:
    """NAME.json, NAME.md and the plots, each of which is called with the path without its suffix, and the result.

    Raises:
        EscGpuError: for a folder that cannot be written to.
    """
    from esc_gpu.core.files import write_json, write_text
    from esc_gpu.errors import EscGpuError
    from esc_gpu.report.tables import format_markdown

    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / f"{name}.json", result)
        write_text(folder / f"{name}.md", format_markdown(heading, tables))
        for stem, plot in plots.items():
            plot(folder / stem, result)
    except OSError as error:
        raise EscGpuError(f"cannot write to {folder} ({error}): choose another --output") from error
