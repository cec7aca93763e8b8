"""`esc-gpu embed`: the embeddings of recordings by a trained model, as a file."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esc_gpu.cli.argument_types import count, share
from esc_gpu.cli.commands.predict import add_model_arguments
from esc_gpu.cli.data_set import add_data_arguments, read_data_set
from esc_gpu.cli.next_commands import missing_run
from esc_gpu.core.text import shown
from esc_gpu.errors import EscGpuError

if TYPE_CHECKING:
    from esc_gpu.core.folds import Fold
    from esc_gpu.inference.embedding import Embeddings
    from esc_gpu.inference.pipeline import Pipeline

HELP = "write the embeddings of recordings by a trained model into a file"


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = (
        "esc-gpu embed FILE|FOLDER ... --model MODEL --output FILE [options]\n"
        "       esc-gpu embed (--root DIR | --table CSV) --model MODEL --output FILE [options]"
    )
    parser.add_argument(
        "recordings",
        nargs="*",
        metavar="FILE|FOLDER",
        help="an audio file of any length, format and sample rate, or a folder, for all audio files in it and in its "
        "subfolders",
    )
    add_data_arguments(parser)
    add_model_arguments(parser)
    add_window_arguments(parser)
    parser.add_argument(
        "--pool",
        choices=("window", "clip"),
        default="window",
        help="write a row for each window, or for each recording the mean over its windows (default: window)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("embeddings.npz"),
        metavar="FILE",
        help="write to this file, *.npz, *.csv or *.parquet, of which the last needs pyarrow (default: %(default)s)",
    )


def add_window_arguments(parser: ArgumentParser) -> None:
    """How recordings become windows and batches."""
    parser.add_argument(
        "--overlap",
        type=share,
        default=0.5,
        metavar="SHARE",
        help="let neighbouring windows of a long recording share 0 to 0.95 of their length; with none, only the first "
        "window is used (default: 0.5)",
    )
    parser.add_argument(
        "--batch-size", type=count, default=32, metavar="N", help="embed N windows at once (default: 32)"
    )


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    from esc_gpu.core.files import check_writable
    from esc_gpu.core.find_pipeline import find_pipeline
    from esc_gpu.data.recordings.audio_files import find_audio_files

    if arguments.model is None:
        raise missing_run("--model", arguments.typed)
    data_set = arguments.root is not None or arguments.table is not None
    if bool(arguments.recordings) == data_set:
        problem = "both files and a data set are" if data_set else "nothing to embed is"
        raise EscGpuError(f"{problem} given; expected files, or --root DIR or --table CSV; correct it")
    if not data_set and (arguments.subset != "all" or arguments.n_folds is not None):
        raise EscGpuError("--subset and --n-folds belong to a data set; expected --root DIR; remove them or add it")
    check_writable(arguments.output)
    find_pipeline(arguments.model, arguments.fold)  # a wrong path does not wait for the imports below

    from esc_gpu.inference.embedding_files import check_output

    check_output(arguments.output)
    columns: dict[str, Any] = {}
    if data_set:
        from esc_gpu.core.task import label_text

        recordings = read_data_set(arguments)
        paths = [str(path) for path in recordings.paths]
        names = list(recordings.filenames)
        labels = [label_text(label, recordings.class_names) for label in recordings.labels]
        columns = {"label": labels, "fold": recordings.folds.tolist()}
    else:
        paths = find_audio_files(arguments.recordings)
        names = [shown(path) for path in paths]
    read = [*paths, *([] if arguments.table is None else [arguments.table])]
    if arguments.root is not None:
        from esc_gpu.data.embedded.source import rows_in

        read += rows_in(Path(os.path.expanduser(arguments.root)))
    if os.path.realpath(arguments.output) in map(os.path.realpath, read):
        raise EscGpuError(f"{arguments.output} is one of the files that are read: choose another --output")

    from esc_gpu.inference.embedding_files import write_embeddings
    from esc_gpu.report.tables import counted

    failed: list[tuple[str, EscGpuError]] = []
    pipeline, embeddings = embed(arguments, paths, failed)
    if arguments.pool == "clip":
        embeddings = embeddings.pooled()
    about = {
        "model": Path(arguments.model).name,
        "fold": pipeline.training_info.get("fold"),
        "trained_on": pipeline.training_info.get("recordings"),
        "sample_rate": pipeline.sample_rate,
        "clip_seconds": pipeline.clip_seconds,
        "overlap": arguments.overlap,
        "pool": arguments.pool,
        "precision": pipeline.precision,
    }
    write_embeddings(arguments.output, embeddings, names, columns, about)
    rows, width = embeddings.values.shape
    files = counted(len(paths) - len(failed), "file")
    say(f"written: {arguments.output}, {counted(rows, 'embedding')} of {width} numbers, of {files}")
    if failed:
        from esc_gpu.cli.commands.predict import describe_failures

        raise EscGpuError(describe_failures(failed, len(paths), "embedded"))


def embed(
    arguments: Namespace, paths: list[str], failed: list[tuple[str, EscGpuError]]
) -> "tuple[Pipeline, Embeddings]":
    """The pipeline, and the embeddings of the windows of all files that can be decoded."""
    from esc_gpu.inference.embedding import embed_files

    pipeline = load(arguments, arguments.model, arguments.fold)
    is_one = len(paths) == 1
    return pipeline, embed_files(
        pipeline,
        paths,
        arguments.overlap,
        arguments.batch_size,
        progress=sys.stderr.isatty(),
        failed=None if is_one else lambda path, error: failed.append((str(path), error)),
    )


def load(arguments: Namespace, model: str | Path, fold: "Fold | None") -> "Pipeline":
    """The pipeline on the device and in the precision of the options."""
    from esc_gpu.core.device import best_device
    from esc_gpu.inference.pipeline import load_pipeline
    from esc_gpu.inference.predict import check_options

    check_options(arguments.overlap, arguments.batch_size)
    device = best_device() if arguments.device == "auto" else arguments.device
    return load_pipeline(model, fold, device, None if arguments.precision == "auto" else arguments.precision)
