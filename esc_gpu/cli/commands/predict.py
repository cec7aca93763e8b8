"""`esc-gpu predict`: classify recordings with a trained model."""

import json
import os
import shutil
import sys
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esc_gpu.cli.argument_types import count, probability, seconds, share
from esc_gpu.cli.fold_option import add_fold_argument
from esc_gpu.cli.next_commands import missing_run
from esc_gpu.core.files import check_writable
from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL, THRESHOLD
from esc_gpu.core.text import shown
from esc_gpu.errors import EscGpuError, EscGpuWarning

if TYPE_CHECKING:
    from esc_gpu.inference.pipeline import Pipeline
    from esc_gpu.inference.prediction import Prediction

HELP = "classify recordings with a trained model"
STDIN = "-"
TIMELINE_ONLY = "--threshold and --shortest change the timeline: add --timeline, or remove them"
NAMED = 10  # files without an answer, in the error at the end


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "recordings",
        nargs="+",
        metavar="FILE|FOLDER|-",
        help="an audio file of any length, format and sample rate; a folder, for all audio files in it and in its "
        "subfolders; or -, for one file from standard input",
    )
    add_model_arguments(parser)
    parser.add_argument(
        "--top",
        type=count,
        metavar="K",
        help="print the K most probable classes (default: 3; of a model with several labels a clip, all classes from "
        "--threshold on)",
    )
    parser.add_argument(
        "--overlap",
        type=share,
        default=0.5,
        metavar="SHARE",
        help="let neighbouring windows of a long recording share 0 to 0.95 of their length; with none, only the first "
        "window is classified (default: 0.5)",
    )
    parser.add_argument("--timeline", action="store_true", help="also print the class of each segment of the recording")
    add_timeline_arguments(parser)
    parser.add_argument("--picture", metavar="FILE.png", help="draw the timeline; this works with a single recording")
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--json", action="store_true", help="print one JSON document with the probability of every class"
    )
    output.add_argument(
        "--csv",
        action="store_true",
        help="print a CSV row for each file and rank, or with --timeline for each file and segment",
    )
    parser.add_argument("--output", metavar="FILE", help="write the results to FILE instead of standard output")
    parser.add_argument(
        "--batch-size", type=count, default=32, metavar="N", help="classify N windows at once (default: 32)"
    )


def add_model_arguments(parser: ArgumentParser) -> None:
    """Which model, and where it runs: the options that `esc-gpu predict` and `esc-gpu listen` share."""
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="use this model: the folder of a run or of a fold, a folder that save_pretrained wrote, or "
        "hf-hub:USER/NAME; without this option, the command only names the newest run",
    )
    add_fold_argument(parser, "use")
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda", "mps", "xpu"),
        default="auto",
        help="run the model on this device; auto uses a GPU if there is one (default: auto)",
    )
    parser.add_argument(
        "--precision",
        choices=("auto", "no", "bf16", "fp16"),
        default="auto",
        help="run the model in this precision; no means float32, and auto means the precision of the training if the "
        "device computes fast in it, otherwise float32 (default: auto)",
    )


def add_timeline_arguments(parser: ArgumentParser) -> None:
    """What a timeline leaves out."""
    parser.add_argument(
        "--threshold",
        type=probability,
        metavar="SHARE",
        help="leave out segments of the timeline whose probability is below SHARE, 0 to 1 (default: 0); of a model "
        "with several labels a clip, a class is heard where its probability is SHARE or more (default: 0.5)",
    )
    parser.add_argument(
        "--shortest",
        type=seconds,
        metavar="SECONDS",
        help="leave out segments of the timeline that are shorter than SECONDS, and close shorter gaps between two "
        "segments of the same class (default: 0)",
    )


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    from esc_gpu.data.recordings.audio_files import find_audio_files

    if arguments.model is None:
        raise missing_run("--model", arguments.typed)
    if not arguments.timeline and arguments.shortest is not None:
        raise EscGpuError(TIMELINE_ONLY)
    written = [file for file in (arguments.output, arguments.picture) if file]
    for file in written:
        check_writable(Path(file))
    if arguments.picture and Path(arguments.picture).suffix.lower() != ".png":
        raise EscGpuError(f"--picture is {arguments.picture}; expected a name that ends in .png; correct it")
    if len({os.path.realpath(file) for file in written}) < len(written):
        raise EscGpuError(
            f"--output and --picture name the same file {arguments.output}: choose another name for one of them"
        )
    if arguments.recordings.count(STDIN) > 1:
        raise EscGpuError(f"{STDIN} stands for standard input, which holds one recording: use it only once")
    if STDIN in arguments.recordings and sys.stdin is None:
        raise EscGpuError("standard input is closed: pipe a recording into it, or name a file")
    paths = find_audio_files(arguments.recordings)
    taken = {os.path.realpath(path) for path in paths}
    for file in written:
        if os.path.realpath(file) in taken:
            raise EscGpuError(f"{file} is one of the recordings: choose another name for the results")
    if arguments.picture and len(paths) > 1:
        raise EscGpuError(f"--picture draws one recording, got {len(paths)}: remove it, or name one file")

    from esc_gpu.core.find_pipeline import find_pipeline, task_in

    # A wrong path does not wait for the imports below; a JSON document tells of the model and of each file, too.
    folder = find_pipeline(arguments.model, arguments.fold)
    check_threshold(arguments, None if folder is None else task_in(folder))
    missing = [] if arguments.json else not_there(paths)
    if len(missing) == len(paths):
        raise EscGpuError(describe_failures(missing, len(paths)))

    from esc_gpu.core.device import best_device
    from esc_gpu.core.files import write_text
    from esc_gpu.inference.pipeline import load_pipeline
    from esc_gpu.inference.predict import check_options

    check_options(arguments.overlap, arguments.batch_size)
    device = best_device() if arguments.device == "auto" else arguments.device
    precision = None if arguments.precision == "auto" else arguments.precision
    pipeline = load_pipeline(arguments.model, arguments.fold, device, precision)
    check_threshold(arguments, pipeline.task)
    kept: list[str] = []
    failed = answer(arguments, pipeline, paths, kept.append if arguments.output else say)
    if arguments.output:
        write_text(Path(arguments.output), "".join(line + "\n" for line in kept))
    if folder is not None:
        without = {path for path, _ in failed}
        warn_of_learnt(folder, [path for path in paths if path not in without])
    if failed:
        raise EscGpuError(describe_failures(failed, len(paths)))


def warn_of_learnt(folder: Path, answered: list[str]) -> None:
    """Say where a run's model has learnt from the recordings that it has classified, whatever they are called."""
    from esc_gpu.experiment.kept_recordings import describe_learnt

    if said := describe_learnt(folder, [Path(path) for path in answered if path != STDIN]):
        warnings.warn(EscGpuWarning(said), stacklevel=2)


def check_threshold(arguments: Namespace, task: str | None) -> None:
    """Refuse a threshold that changes nothing with this model; nothing is said of a task that is not known yet."""
    if task == SINGLE_LABEL and arguments.threshold is not None and not arguments.timeline:
        raise EscGpuError(TIMELINE_ONLY)


def not_there(paths: list[str]) -> list[tuple[str, EscGpuError]]:
    """The files before the first one that can be opened, and what stands against each."""
    from esc_gpu.data.clips.regular_file import check_file

    missing: list[tuple[str, EscGpuError]] = []
    for path in paths:
        try:
            if path == STDIN:
                break
            check_file(Path(path))
        except EscGpuError as error:
            missing.append((path, error))
        else:
            break
    return missing


def answer(
    arguments: Namespace, pipeline: "Pipeline", paths: list[str], say: Callable[[str], None]
) -> list[tuple[str, EscGpuError]]:
    """Say the answer for each file as it comes, a JSON document at the end; return the files without one, and why."""
    from esc_gpu.core.progress import tqdm
    from esc_gpu.inference.formats import csv_header, csv_lines, json_record, text_lines

    records, failed = [], []
    if arguments.csv:
        say(csv_header(arguments.timeline))
    with tqdm(paths, "predict", unit="file", delay=1, disable=None if len(paths) > 1 else True) as bar:
        for path in bar:
            try:
                prediction = predict(arguments, pipeline, path)
            except EscGpuError as error:
                failed.append((path, error))
                records.append({"path": shown(path), "error": str(error)})
                continue
            if arguments.picture:
                draw(arguments, path, prediction)
            limits = (arguments.threshold, arguments.shortest or 0.0)
            timeline = prediction.timeline(*limits) if arguments.timeline else None
            detail = (arguments.top, timeline, arguments.threshold)
            if arguments.json:
                records.append(json_record(path, prediction, *detail))
                continue
            with bar.external_write_mode(file=sys.stdout):  # the bar makes way for the lines
                for line in (csv_lines if arguments.csv else text_lines)(path, prediction, *detail):
                    say(line)
    if arguments.json:
        document = {"model": describe_model(arguments, pipeline), "files": records, "failed": len(failed)}
        say(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
    return failed


def predict(arguments: Namespace, pipeline: "Pipeline", path: str) -> "Prediction":
    """The answer for a file or for standard input."""
    from esc_gpu.inference.predict import predict_file, temporary_recording

    options = {"overlap": arguments.overlap, "batch_size": arguments.batch_size, "progress": sys.stderr.isatty()}
    if path != STDIN:
        return predict_file(pipeline, path, **options)
    with temporary_recording("standard input") as file:  # most formats cannot be read from a pipe
        with open(file, "wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        return predict_file(pipeline, file, **options)


def draw(arguments: Namespace, path: str, prediction: "Prediction") -> None:
    """The timeline of a recording as PNG."""
    from esc_gpu.report.figures.recording import plot_timeline

    title = "standard input" if path == STDIN else Path(shown(path)).name
    edges, probabilities = prediction.edges_seconds, prediction.window_probabilities
    given = THRESHOLD if arguments.threshold is None else arguments.threshold
    heard_from = given if prediction.task == MULTI_LABEL else None
    plot_timeline(Path(arguments.picture), edges, probabilities, prediction.class_names, title, heard_from)


def describe_model(arguments: Namespace, pipeline: "Pipeline") -> dict[str, Any]:
    """Who answered, and how."""
    return {
        "path": shown(arguments.model),
        "fold": pipeline.training_info.get("fold", arguments.fold),
        "class_names": pipeline.class_names,
        "task": pipeline.task,
        "sample_rate": pipeline.sample_rate,
        "clip_seconds": pipeline.clip_seconds,
        "precision": pipeline.precision,
        "overlap": arguments.overlap,
    }


def describe_failures(failed: list[tuple[str, EscGpuError]], n_files: int, done: str = "classified") -> str:
    """One line for all files without an answer; what could not be `done` with them."""
    (_, reason), *others = failed
    if n_files == 1:
        return str(reason)
    names = [shown(path) for path, _ in others[:NAMED]]
    if len(others) > NAMED:
        names.append(f"{len(others) - NAMED} more")
    also = f"; others: {', '.join(names)}" if others else ""
    return f"{len(failed)} of {n_files} files could not be {done}: {reason}{also}"
