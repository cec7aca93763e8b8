"""Several labels a clip: pairs of clips mixed, and a model that hears both against one that is told of one.

    python -m benchmarks.accuracy.several_labels --root ESC-10 --config logmel --train.epochs 30 --folds 1

Both are trained on the same mixtures with the same options: one by binary cross-entropy with both labels, the other by
cross-entropy with the label of one of the two clips. Both are scored against both labels, and so is the prior.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.accuracy.mixed_pairs import FIRST_ONLY, add_mixing, write_pairs
from benchmarks.accuracy.several_labels_table import RANKED
from benchmarks.common.command import add_output, add_root, create_training_parser, program
from benchmarks.common.results_file import keep_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.config.parse import parse_run
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.evaluation.finished_run import RunResults, read_run
from esc_gpu.evaluation.multi_label import scores
from esc_gpu.evaluation.multi_label_assessment import assess_several_labels
from esc_gpu.evaluation.run_groups import select
from esc_gpu.experiment import cross_validation
from esc_gpu.report.several_labels_tables import evaluation_tables
from esc_gpu.report.tables import format_text, share


def main(arguments: list[str]) -> int:
    parser = create_training_parser(__spec__, __doc__)
    add_root(parser, required=True)
    add_mixing(parser)
    add_output(parser)
    own, arguments = parser.parse_known_args(arguments)

    def measure() -> None:
        parse_run(arguments, program(__spec__))  # a wrong option does not wait for the mixtures
        run(own.root, own.sample_rate, own.seconds, own.output, arguments)

    return reporting(measure)


def run(root: str, sample_rate: int, seconds: float, output: Path, arguments: list[str]) -> None:
    """Mix, train both and write the result."""
    with tempfile.TemporaryDirectory(prefix="esc_gpu-pairs-") as temporary:
        folder = Path(temporary)
        recordings = read_recordings(root)
        tables = {"several labels": write_pairs(recordings, folder / "mixtures", sample_rate, seconds)}
        tables["one label"] = folder / "mixtures" / FIRST_ONLY
        runs: dict[str, RunResults] = {}
        for name, table in tables.items():
            print(f"{name}:")
            places = ["--data.table", str(table), "--data.cache_dir", str(folder / "cache")]
            places += ["--data.sample_rate", str(sample_rate), "--data.clip_seconds", f"{seconds:g}"]
            config = parse_run([*arguments, *places, "--output_dir", str(folder / name)], program(__spec__))
            cross_validation.run(config, announce=print)
            runs[name] = read_run(folder / name)
        evaluation = assess_several_labels([runs["several labels"]])
        rows = {name: ranked(its, runs["several labels"]) for name, its in runs.items()}
    print(format_text(evaluation_tables(evaluation)))
    rows["prior"] = {"map": evaluation["prior"]["map"]}
    for name, values in rows.items():
        print(f"{name}: " + ", ".join(f"{RANKED[key]} {share(value)}" for key, value in values.items()))
    train = runs["several labels"].config["train"]
    result = {
        "benchmark": "several_labels",
        "recordings": recordings.root.resolve().name,
        "mixtures": len(recordings.filenames),
        "sample_rate": sample_rate,
        "frontend": runs["several labels"].summary["frontend"],
        **{name: train[name] for name in ("epochs", "seed")},
        "seconds": {name: its.summary["seconds"] for name, its in runs.items()},
        "rows": rows,
        "evaluation": evaluation,
    }
    keep_result(f"several_labels {result['recordings']}", result, output)


def ranked(run_of_any: RunResults, labelled: RunResults) -> dict[str, float | None]:
    """The scores that need no threshold of a run's probabilities, against the labels of another on the same clips."""
    position = {name: row for row, name in enumerate(run_of_any.filenames)}
    probabilities = select(run_of_any, [position[name] for name in labelled.filenames]).probabilities
    values = scores(probabilities, labelled.labels)
    return {name: values[name] for name in RANKED}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
