"""The command line `esc-gpu COMMAND`. The only place that prints."""

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from esc_gpu.cli.commands import COMMANDS
from esc_gpu.cli.launch import is_first_process, resume_command
from esc_gpu.cli.signals import interruptible
from esc_gpu.core.files import UNWRITABLE
from esc_gpu.core.text import printable
from esc_gpu.errors import EscGpuError, EscGpuWarning

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


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the options in one line, as of any other mistake."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USER_ERROR, f"error: {printable(message)}; {self.prog} --help lists what there is\n")


def create_parser() -> argparse.ArgumentParser:
    """The options of all commands but those of a training."""
    parser = Parser(prog="esc-gpu", description=DESCRIPTION)
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
    go_on = resume_command(arguments, prog)  # now: a launcher may be gone when it is needed
    return reporting(lambda: run_train(arguments, prog), f"; the run goes on from its last checkpoint with: {go_on}")


def reporting(command: Callable[[], int | None], go_on: str = "") -> int:
    """A command's exit status, 0 for None.

    A user's mistake becomes one line on standard error and status 2; SIGINT and SIGTERM become one with `go_on` at its
    end, said by the first process of a run only, and status 130 or 143.
    """
    with interruptible() as received, warnings_as_lines():
        try:
            return finish(command)
        except BaseException as error:
            # Whatever goes wrong after a signal, such as other processes that are not there any more, comes of it.
            if not (received or isinstance(error, KeyboardInterrupt)):
                raise
        if is_first_process():
            print(f"interrupted{go_on}", file=sys.stderr)
        return 128 + received[0] if received else EXIT_INTERRUPTED


def finish(command: Callable[[], int | None]) -> int:
    """`reporting` without the signals."""
    try:
        status = command() or 0
        sys.stdout.flush()
        return status
    except EscGpuError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return EXIT_USER_ERROR
    except BrokenPipeError:  # whoever reads the output, as `head`, has enough
        close_output()
        return EXIT_BROKEN_PIPE
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        print(f"error: {printable(str(error.filename or 'output'))}: {error.strerror}", file=sys.stderr)
        if error.filename is None:  # standard output
            close_output()
        return EXIT_USER_ERROR


def close_output() -> None:
    """Standard output goes nowhere from now on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Inside the block the library's own warnings are one line each on standard error, above any progress bar."""

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if not issubclass(category, EscGpuWarning):
            return usual(message, category, *where, **more)
        from tqdm import tqdm

        tqdm.write(f"warning: {printable(str(message))}", file=sys.stderr)

    with warnings.catch_warnings():
        usual, warnings.showwarning = warnings.showwarning, show
        warnings.simplefilter("always", EscGpuWarning)
        yield


def run_train(arguments: list[str], prog: str) -> None:
    # Imported here so that a mistyped option or --help is answered before torch is loaded.
    from esc_gpu.config.parse import parse_run

    config = parse_run(arguments, prog)

    from esc_gpu.experiment.cross_validation import run
    from esc_gpu.report import format_summary

    summary = run(config, announce=say)
    if summary is not None:
        say(format_summary(summary))


def run_prepare(arguments: list[str]) -> None:
    from esc_gpu.config.parse import parse_run

    config = parse_run(arguments, "esc-gpu prepare")

    from esc_gpu.experiment.cross_validation import prepare

    prepare(config, announce=say)
