"""Late fusion of results: the mean of their probabilities as one more row, with a test against each.

    python -m benchmarks.accuracy.fusion RESULT.json OTHER.json

Takes result files of benchmarks.accuracy.cross_validation, which need the .predictions.csv beside them, and folders of
runs. Results that differ in their seed only are one row, and each seed that all have gets a mean of its own. The result
also has the clips that a mean takes for another class, and what each run takes them for.
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.accuracy.evaluation import COMPARISON, evaluation_text
from benchmarks.common.command import add_output, create_parser
from benchmarks.common.markdown import heading, line
from benchmarks.common.results_file import keep_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.files import read_json
from esc_gpu.core.task import SINGLE_LABEL
from esc_gpu.core.text import escape
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.comparison import compare
from esc_gpu.evaluation.finished_run import RunResults, check_summary, read_run
from esc_gpu.evaluation.late_fusion import late_fusion
from esc_gpu.evaluation.predictions import read_predictions
from esc_gpu.evaluation.run_groups import same_clips
from esc_gpu.evaluation.summary_shape import EVALUATED
from esc_gpu.report.evaluation_tables import comparison_tables, describe_comparison
from esc_gpu.report.tables import format_text

PREDICTIONS = ".predictions.csv"  # of a result, in the place of .json


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument(
        "results", type=Path, nargs="+", metavar="RESULT", help="result file of a cross-validation, or folder of a run"
    )
    add_output(parser)
    arguments = parser.parse_args(argv)
    return reporting(lambda: fuse(arguments.results, arguments.output))


def fuse(results: Sequence[Path], output: Path) -> None:
    """Write the comparison of the results and of their mean, and print it."""
    if len(results) < 2:
        raise EscGpuError("one result was given; expected two or more, whose mean is taken; name others")
    runs = [read_run(path) if path.is_dir() else read_kept(path) for path in results]
    for run in runs:
        if run.task != SINGLE_LABEL:
            raise EscGpuError(
                f"{run.folder} has several labels a clip; expected one class a clip; use esc-gpu compare --average for "
                "the folders of such runs"
            )
    runs, means = same_clips(runs), late_fusion(runs)
    comparison = compare([*runs, *means])
    print(describe_comparison(comparison), "", format_text(comparison_tables(comparison)), "", sep="\n")
    data, frontends = runs[0].summary["data"], dict.fromkeys(run.summary["frontend"]["name"] for run in runs)
    name = f"fusion {data['recordings']} {' '.join(frontends)}"
    result = {"benchmark": "fusion", "data": data, "comparison": comparison, "mistakes": mistakes_of(runs, means)}
    keep_result(name, result, output)


def mistakes_of(runs: Sequence[RunResults], means: Sequence[RunResults]) -> list[dict[str, object]]:
    """The clips whose class not all means find, and the classes that they and the runs find, in their order.

    Args:
        runs, means: on the same clips in the same order.
    """
    first, names = runs[0], runs[0].class_names
    wrong = np.any([run.predictions != run.labels for run in means], axis=0)
    return [
        {
            "filename": first.filenames[clip],
            "label": names[first.labels[clip]],
            "runs": [names[run.predictions[clip]] for run in runs],
            "means": [names[run.predictions[clip]] for run in means],
        }
        for clip in np.flatnonzero(wrong)
    ]


def fusion_text(result: dict[str, object]) -> list[str]:
    """The comparison, and a line for each clip that a mean takes for another class."""
    lines = evaluation_text(result, COMPARISON)
    mistakes = result["mistakes"]
    if not mistakes:
        return lines
    lines += ["", *heading("clip", "class", "by the mean of the probabilities", "by each result")]
    for clip in mistakes:
        called = [", ".join(escape(name) for name in clip[part]) for part in ("means", "runs")]
        lines.append(line(f"`{clip['filename']}`", escape(clip["label"]), *called))
    return lines


def read_kept(file: Path) -> RunResults:
    """The run that a result file of a cross-validation and the predictions beside it are of.

    Raises:
        EscGpuError: for files that are not there, or not those of one cross-validation.
    """
    summary = read_json(file)
    check_summary(file, summary, EVALUATED)
    table = file.with_suffix(PREDICTIONS)
    if not table.is_file():
        raise EscGpuError(f"there is no {table} beside {file}: make the result with a version that keeps predictions")
    try:
        filenames, *rest = read_predictions(table, summary["class_names"], summary.get("task", SINGLE_LABEL))
    except (KeyError, ValueError, IndexError, OverflowError, csv.Error) as error:
        raise EscGpuError(f"{table} does not fit {file} ({error!r}): make both again") from error
    return RunResults(file.with_suffix(""), summary, filenames, *rest)


if __name__ == "__main__":
    sys.exit(main())
