"""Front-ends or backbones under one recipe, and the recipe without each of its parts: rows × seeds × folds, and tests.

    python -m benchmarks.accuracy.study comparison --data.root ESC-10 --seeds 0 1 2
    python -m benchmarks.accuracy.study ablation --data.root ESC-10 --train.epochs 10
    python -m benchmarks.accuracy.study backbone --data.root ESC-10 --train.epochs 10

The first word is a plan, one of benchmarks/accuracy/plans or a file like them. Takes the options of train.py, for all
rows. Each training is a run in the folder --work; the same command goes on with what is there.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.cost import build_models, measure_or_read
from benchmarks.accuracy.grid import Grid, Runs, finished_runs, train_rest
from benchmarks.accuracy.plan import Plan, configs_of, read_plan
from benchmarks.accuracy.plots import plot_accuracy
from benchmarks.accuracy.statistics import describe_grid
from benchmarks.common.command import add_output, create_training_parser
from benchmarks.common.results_file import write_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.files import write_json, write_text
from esc_gpu.errors import EscGpuError

WRITTEN = "result.txt"  # name of the result file, which keeps the date of its first run


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_training_parser(__spec__, __doc__)
    parser.add_argument("plan", help="a plan or a YAML file; stands before the options")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N", help="of the trainings (default: 0)")
    parser.add_argument(
        "--work",
        type=Path,
        help="folder of the runs, whose name the result file has, too (default: runs/accuracy/PLAN)",
    )
    parser.add_argument("--no-cost", action="store_true", help="do not measure the time of the rows")
    parser.add_argument(
        "--cost-only", action="store_true", help="measure it anew, for the runs there are; do not train"
    )
    add_output(parser, "the result file and its plot")
    own, options = parser.parse_known_args(argv)
    return reporting(lambda: prepare(own, options))


def prepare(arguments: argparse.Namespace, options: list[str]) -> None:
    """Refuse what cannot be run, then run it."""
    plan = read_plan(arguments.plan)
    if len(set(arguments.seeds)) < len(arguments.seeds) or min(arguments.seeds) < 0:
        raise EscGpuError(f"--seeds is {arguments.seeds}; expected different numbers that are not negative")
    if arguments.cost_only and (arguments.no_cost or plan.kind == "ablation"):
        raise EscGpuError("--cost-only measures a comparison or variants, not an ablation; give it without --no-cost")
    configs = configs_of(plan, options)
    work = (arguments.work or Path("runs") / "accuracy" / plan.name).expanduser()
    run(plan, Grid(configs, arguments.seeds, work), arguments)


def run(plan: Plan, grid: Grid, arguments: argparse.Namespace) -> None:
    """Measure the time, train what is not trained yet, and write the result file after each run."""
    models = build_models(grid.configs)  # before all else: a row that cannot be built is refused here
    for folder in (grid.work, arguments.output):
        make_folder(folder)
    runs = finished_runs(grid)
    if arguments.cost_only and not runs:
        raise EscGpuError(f"{grid.work} has no finished run; train first, by the same command without --cost-only")
    cost = None
    if plan.kind != "ablation" and not arguments.no_cost:
        cost = measure_or_read(grid.work, models, grid.configs, plan.kind == "variants", anew=arguments.cost_only)
    if runs:  # also where nothing is left to be trained: the time may be new
        file = write_grid(plan, grid, runs, cost, arguments.output)
    if not arguments.cost_only:
        for trained in train_rest(grid, runs):
            file = write_grid(plan, grid, trained, cost, arguments.output)
    print(f"written: {file}")


def make_folder(folder: Path) -> None:
    """Make a folder, ahead of hours of training for it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EscGpuError(f"cannot make the folder {folder} ({error.strerror}); give another one") from error


def write_grid(plan: Plan, grid: Grid, runs: Runs, cost: dict[str, object] | None, output: Path) -> Path:
    """The result file of the runs there are, and its plot; returns the file."""
    result = {"benchmark": "accuracy", "plan": plan.name, "kind": plan.kind, **describe_grid(grid, runs), "cost": cost}
    written, data = grid.work / WRITTEN, result["data"]
    file = output / written.read_text(encoding="utf-8").strip() if written.is_file() else None
    if file is not None and file.is_file():
        write_json(file, {"environment": result["environment"], **result})
    else:
        subset = "" if data["subset"] == "all" else data["subset"]
        purpose = "validation" if result["protocol"]["validation"] else ""
        label = "" if grid.work.name == plan.name else grid.work.name  # or two folders of runs would share a file
        file = write_result(f"accuracy {plan.name} {data['recordings']} {subset} {label} {purpose}", result, output)
        write_text(written, f"{file.name}\n")
    plot_accuracy(file.with_suffix(".png"), result)
    return file


if __name__ == "__main__":
    sys.exit(main())
