"""`esc-gpu configs`: the configs that come with the package, for `esc-gpu train --config NAME`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

HELP = "list the configs that --config accepts by name, or print one"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="print this config, for example to copy it (default: list all configs)"
    )


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    from esc_gpu.config.named_configs import list_configs, read_named_config, summary

    if arguments.name is not None:
        return say(read_named_config(arguments.name).rstrip("\n"))
    names = list_configs()
    width = max(map(len, names))
    for name in names:
        say(f"{name:{width}}  {summary(name)}")
