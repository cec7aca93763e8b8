"""The data set that a command reads besides a training: its options, and its recordings."""

import os
from argparse import ArgumentParser, Namespace, _ArgumentGroup
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from esc_gpu.data.recordings.base import Recordings


def add_data_arguments(parser: ArgumentParser | _ArgumentGroup, cached: str = "the tables of folds") -> None:
    """The options that choose it; `cached` says what is kept in the folder of the cache."""
    parser.add_argument(
        "--root",
        metavar="DIR",
        help="use the recordings in this folder, or at this address, such as s3://bucket/folder: ESC-50, another known "
        "data set, a folder for each class, or those that --table lists",
    )
    parser.add_argument(
        "--table",
        type=Path,
        metavar="CSV",
        help="use the recordings that this CSV lists in its columns path, label and fold",
    )
    parser.add_argument(
        "--subset", choices=("all", "esc10"), default="all", help="use this part of ESC-50 (default: %(default)s)"
    )
    parser.add_argument(
        "--n-folds",
        type=int,
        metavar="N",
        help="make N folds for recordings that have none, as data.n_folds in training (default: 5)",
    )
    parser.add_argument(
        "--cache-dir",
        type=Path,
        default=Path("~/.cache/esc_gpu"),
        metavar="DIR",
        help=f"keep {cached} in this folder, as in training (default: %(default)s)",
    )


def read_data_set(arguments: Namespace, say: Callable[[str], None] = lambda line: None) -> "Recordings":
    """Its recordings; what was found in the folder is said.

    Raises:
        EscGpuError: as `read_recordings`, and for fewer than two folds.
    """
    from esc_gpu.data.local_root import local_root
    from esc_gpu.data.recordings.layouts import read_recordings
    from esc_gpu.data.recordings.layouts.base import N_FOLDS, TABLES
    from esc_gpu.errors import EscGpuError

    n_folds = N_FOLDS if arguments.n_folds is None else arguments.n_folds
    if n_folds < 2:
        raise EscGpuError(f"--n-folds is {n_folds}; expected 2 or more; correct it")
    cache = Path(os.path.expanduser(arguments.cache_dir))
    root = local_root(arguments.root, cache, table=arguments.table, announce=say)
    recordings = read_recordings(root, arguments.subset, arguments.table, n_folds=n_folds, tables=cache / TABLES)
    for note in recordings.notes:
        say(note)
    if arguments.n_folds is not None and not recordings.folds_made:
        say("--n-folds has no effect, because the recordings have folds: leave it out.")
    return recordings
