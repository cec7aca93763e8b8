"""The command line `esc-gpu COMMAND`. The only place that prints."""

import argparse
import os
import sys
from collections.abc import Callable

from esc_gpu.commands import COMMANDS
from esc_gpu.errors import EscGpuError
from esc_gpu.names import printable

DESCRIPTION = "Environmental sound classification with the audio features as layers."
EXIT_USER_ERROR = 2
# As a shell says of a program that SIGINT or SIGPIPE ended.
EXIT_INTERRUPTED, EXIT_BROKEN_PIPE = 130, 141
# Their options are those of a run, which jsonargparse reads.
TRAINING = {
    "train": "train and evaluate on the official folds, as train.py does; `esc-gpu train --help` lists its options",
    "prepare": "decode the recordings of a run ahead of it; takes the options of train",
}


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `esc-gpu`; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["train"]:
        return train(arguments[1:], prog="esc-gpu train")
    if arguments[:1] == ["prepare"]:
        return reporting(lambda: run_prepare(arguments[1:]))
    parsed = create_parser().parse_args(arguments)
    return reporting(lambda: COMMANDS[parsed.command].run(parsed, say))


def create_parser() -> argparse.ArgumentParser:
    """The options of all commands but those of a training."""
    parser = argparse.ArgumentParser(prog="esc-gpu", description=DESCRIPTION)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in TRAINING.items():
        commands.add_parser(name, add_help=False, help=text)
    for name, command in COMMANDS.items():
        description = f"{command.HELP[0].upper()}{command.HELP[1:]}."
        command.add_arguments(commands.add_parser(name, help=command.HELP, description=description))
    return parser


def say(line: str) -> None:
    """A line for the user, also with the name of a file that is no UTF-8."""
    print(line.encode("utf-8", "replace").decode("utf-8"), flush=True)


def train(arguments: list[str], prog: str = "train.py") -> int:
    """Train as the options say; returns the exit status."""
    return reporting(lambda: run_train(arguments, prog))


def reporting(command: Callable[[], int | None]) -> int:
    """A command's exit status, 0 for None; a user's mistake becomes one line on standard error and status 2."""
    try:
        status = command() or 0
        sys.stdout.flush()
        return status
    except EscGpuError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever reads the output, as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE


def run_train(arguments: list[str], prog: str) -> None:
    # Imported here so that a mistyped option or --help is answered before torch is loaded.
    from esc_gpu.arguments import parse_run

    config = parse_run(arguments, prog)

    from esc_gpu.experiment import run
    from esc_gpu.report import format_summary

    summary = run(config, announce=say)
    if summary is not None:
        say(format_summary(summary))


def run_prepare(arguments: list[str]) -> None:
    from esc_gpu.arguments import parse_run

    config = parse_run(arguments, "esc-gpu prepare")

    from esc_gpu.experiment import prepare

    prepare(config, announce=say)
