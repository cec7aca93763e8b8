"""`esc-gpu probe`: how well simple classifiers tell the classes apart by a trained model's embeddings."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esc_gpu.cli.commands.embed import add_window_arguments, load
from esc_gpu.cli.commands.predict import add_model_arguments
from esc_gpu.cli.data_set import add_data_arguments, read_data_set
from esc_gpu.cli.fold_option import to_fold
from esc_gpu.cli.next_commands import missing_run
from esc_gpu.cli.output import add_bootstrap_arguments
from esc_gpu.errors import EscGpuError

if TYPE_CHECKING:
    import numpy as np

    from esc_gpu.core.folds import Fold
    from esc_gpu.data.recordings.base import Recordings

    Model = tuple[Path | None, Fold | None]

HELP = "test the embeddings of a trained model with logistic regression and nearest neighbours, fold by fold"
NAME = "probe"


def add_arguments(parser: ArgumentParser) -> None:
    add_data_arguments(parser)
    add_model_arguments(parser)
    add_window_arguments(parser)
    parser.add_argument(
        "--folds",
        type=to_fold,
        nargs="+",
        metavar="N",
        help="test these folds only, numbers or splits (default: all folds of the data set, or its test split)",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="write probe.json and probe.md into this folder")
    add_bootstrap_arguments(parser)


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    from esc_gpu.core.files import check_makeable
    from esc_gpu.core.find_pipeline import find_pipeline

    if arguments.model is None:
        raise missing_run("--model", arguments.typed)
    if arguments.root is None and arguments.table is None:
        raise EscGpuError("no recordings are given; expected --root DIR or --table CSV; add one of them")
    if arguments.output:
        check_makeable(arguments.output)
    find_pipeline(arguments.model, arguments.fold)  # a wrong path does not wait for the imports below
    recordings = read_data_set(arguments, (lambda line: None) if arguments.json else say)

    from esc_gpu.cli.output import show, write
    from esc_gpu.data.store.recording_files import digest_file
    from esc_gpu.evaluation.assessment import check_resamples
    from esc_gpu.evaluation.probe import probe
    from esc_gpu.experiment.kept_recordings import content_of
    from esc_gpu.report.probe_tables import describe_probe, probe_tables

    check_resamples(arguments.bootstrap, arguments.seed)
    folds = chosen_folds(arguments, recordings)
    content = cache(lambda number: content_of(digest_file(recordings.paths[number])))
    models = {fold: model_of(arguments, recordings, fold, content) for fold in folds}
    unknown = [model for model in dict.fromkeys(models.values()) if is_unknown(model, recordings)]
    if unknown and not arguments.json:
        say(
            f"It is not known which recordings {unknown[0]} was trained on. Where some of them are tested here, the "
            "scores are too high."
        )
    values = {model: embed_clips(arguments, recordings, model) for model in dict.fromkeys(models.values())}
    splits = [(fold, *recordings.split(fold, False), values[models[fold]]) for fold in folds]
    classes = list(recordings.class_names)
    result: dict[str, Any] = {
        "model": Path(arguments.model).name,
        "recordings": recordings.root.resolve().name,
        "classes": len(classes),
        "models": [{"fold": fold, "model_fold": models[fold][1]} for fold in folds],
        **probe(splits, recordings.labels, recordings.filenames, len(classes), arguments.bootstrap, arguments.seed),
    }
    heading, tables = describe_probe(result), probe_tables(result)
    show(say, arguments.json, heading, result, tables)
    if arguments.output:
        write(arguments.output, NAME, heading, result, tables, {})


def chosen_folds(arguments: Namespace, recordings: "Recordings") -> "list[Fold]":
    """The folds to test, each of them checked."""
    folds: list[Fold] = list(dict.fromkeys(arguments.folds)) if arguments.folds else recordings.test_folds()
    for fold in folds:
        recordings.check_classes(fold, False)
    return folds


def model_of(arguments: Namespace, recordings: "Recordings", fold: "Fold", content: Callable[[int], str]) -> "Model":
    """The folder of the model that a fold is tested with, None for one on the hub, and its fold.

    `content` as of `seen_recordings`.

    Raises:
        EscGpuError: where it has learnt from recordings of the fold.
    """
    from esc_gpu.core.find_pipeline import find_pipeline
    from esc_gpu.core.run_layout import fold_of
    from esc_gpu.experiment.seen_recordings import refuse_seen
    from esc_gpu.model.trained_start import start_folder

    if arguments.fold is None:
        folder = start_folder(arguments.model, fold)
    else:
        folder = find_pipeline(arguments.model, arguments.fold)
    if folder is None:
        return None, None
    refuse_seen(f"--model {arguments.model}", folder, recordings, fold, recordings.split(fold)[1], content)
    return folder, fold_of(folder)


def is_unknown(model: "Model", recordings: "Recordings") -> bool:
    """Whether not all recordings that a model has learnt from can be told."""
    from esc_gpu.experiment.seen_recordings import are_known

    return model[0] is None or not are_known(model[0], recordings)


def embed_clips(arguments: Namespace, recordings: "Recordings", model: "Model") -> "np.ndarray":
    """`(n, D)`, the embedding of each recording."""
    from esc_gpu.inference.embedding import embed_files

    pipeline = load(arguments, model[0] or arguments.model, None)
    options = arguments.overlap, arguments.batch_size, sys.stderr.isatty()
    return embed_files(pipeline, recordings.paths, *options).pooled().values
