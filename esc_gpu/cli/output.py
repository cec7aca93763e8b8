"""What the commands print, and the options for it."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from esc_gpu.report.tables import Table


def add_bootstrap_arguments(parser: ArgumentParser) -> None:
    """The options that `esc-gpu evaluate` and `esc-gpu compare` share."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--bootstrap", type=int, default=10_000, metavar="N", help="draw N bootstrap resamples (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="use this seed to draw the resamples (default: %(default)s)"
    )


def show(
    say: Callable[[str], None], as_json: bool, heading: str, result: dict[str, Any], tables: "list[Table]"
) -> None:
    """Print the result, as JSON or as a heading and tables."""
    import json

    from esc_gpu.core.text import printable
    from esc_gpu.report.tables import format_text

    # ASCII: some of the other characters are commands to a terminal.
    say(json.dumps(result, indent=2) if as_json else f"{printable(heading)}\n\n{format_text(tables)}")


def write(
    folder: Path,
    name: str,
    heading: str,
    result: dict[str, Any],
    tables: "list[Table]",
    plots: Mapping[str, Callable[..., object]],
) -> None:
    """Write NAME.json, NAME.md and the plots; each plot is called with its path without the suffix, and the result.

    Raises:
        EscGpuError: for a folder that cannot be written to.
    """
    from esc_gpu.core.files import write_json, write_text
    from esc_gpu.errors import EscGpuError
    from esc_gpu.report.tables import format_markdown

    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / f"{name}.json", result)
        write_text(folder / f"{name}.md", format_markdown(heading, tables))
        for stem, plot in plots.items():
            plot(folder / stem, result)
    except OSError as error:
        raise EscGpuError(f"cannot write to {folder} ({error}): choose another --output") from error


def say(line: str) -> None:
    """A line for the user, also with the name of a file that is no UTF-8."""
    print(line.encode("utf-8", "replace").decode("utf-8"), flush=True)
