"""The command line: `esc-gpu download`, `esc-gpu prepare`, `esc-gpu train`. The only place that prints."""

import argparse
import sys
from collections.abc import Callable

from esc_gpu.errors import EscGpuError

DESCRIPTION = "Environmental sound classification with the audio features as layers."
EXIT_USER_ERROR = 2


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `esc-gpu`; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="esc-gpu", description=DESCRIPTION)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "train",
        add_help=False,
        help="train and evaluate on the official folds (`esc-gpu train --help` lists its options); "
        "the same as train.py",
    )
    commands.add_parser(
        "prepare",
        add_help=False,
        help="decode the recordings of a run ahead of it; takes the options of train",
    )
    download = commands.add_parser("download", help="get the public ESC-50 recordings (about 600 MB)")
    download.add_argument("--root", required=True, metavar="DIR", help="folder to put meta/ and audio/ into")
    if arguments[:1] == ["train"]:  # its options are jsonargparse's
        return train(arguments[1:], prog="esc-gpu train")
    if arguments[:1] == ["prepare"]:
        return reporting(lambda: run_prepare(arguments[1:]))
    return reporting(lambda: run_download(parser.parse_args(arguments).root))


def train(arguments: list[str], prog: str = "train.py") -> int:
    """Train as the options say; returns the exit status."""
    return reporting(lambda: run_train(arguments, prog))


def reporting(command: Callable[[], int | None]) -> int:
    """A command's exit status, 0 for None; a user's mistake becomes one line on standard error and status 2."""
    try:
        return command() or 0
    except EscGpuError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USER_ERROR


def run_train(arguments: list[str], prog: str) -> None:
    # Imported here so that a mistyped option or --help is answered before torch is loaded.
    from esc_gpu.arguments import parse_run

    config = parse_run(arguments, prog)

    from esc_gpu.experiment import run
    from esc_gpu.report import format_summary

    summary = run(config, announce=lambda line: print(line, flush=True))
    if summary is not None:
        print(format_summary(summary))


def run_prepare(arguments: list[str]) -> None:
    from esc_gpu.arguments import parse_run

    config = parse_run(arguments, "esc-gpu prepare")

    from esc_gpu.experiment import prepare

    prepare(config, announce=lambda line: print(line, flush=True))


def run_download(root: str) -> None:
    from esc_gpu.data.download import download_esc50

    print(f"ESC-50 is complete in {download_esc50(root)}")
