"""The command line `esc-gpu COMMAND`."""

import argparse
import sys
from typing import NoReturn

from esc_gpu.cli.commands import COMMANDS, OF_A_RUN
from esc_gpu.cli.output import say
from esc_gpu.cli.reporting import EXIT_USER_ERROR, finish, print_what_the_console_has, reporting
from esc_gpu.core.text import printable
from esc_gpu.core.version import __version__

DESCRIPTION = "Environmental sound classification with audio features as layers of the model."


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `esc-gpu`; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in OF_A_RUN:
        name, *options = arguments
        return finish(lambda: OF_A_RUN[name].main(options, f"esc-gpu {name}"))
    print_what_the_console_has()  # the options' help, too
    parser = create_parser()
    parsed = parser.parse_args(arguments, argparse.Namespace(typed=arguments))
    if parsed.command is None:
        parser.print_help()
        return 0
    return reporting(lambda: COMMANDS[parsed.command].run(parsed, say))


class Parser(argparse.ArgumentParser):
    """Reports a wrong option in one line, like every other mistake."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USER_ERROR, f"error: {printable(message)}; {self.prog} --help lists the valid choices\n")


def create_parser() -> argparse.ArgumentParser:
    """The options of all commands but those of a run."""
    parser = Parser(prog="esc-gpu", description=DESCRIPTION)
    parser.add_argument(
        "--version", action="version", version=f"esc-gpu {__version__}", help="print the version and exit"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, module in COMMANDS.items():
        if name in OF_A_RUN:
            commands.add_parser(name, add_help=False, help=module.HELP)
            continue
        description = f"{module.HELP[0].upper()}{module.HELP[1:]}."
        module.add_arguments(commands.add_parser(name, help=module.HELP, description=description))
    return parser
