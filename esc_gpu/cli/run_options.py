"""The options of a run: a path on the command line that leads nowhere is refused before torch is loaded."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from esc_gpu.config.schema import RunConfig

CONFIG, ROOT, TABLE, WEIGHTS = "--config", "--data.root", "--data.table", "--model.weights"
NULL = ("null", "~", "")


def parse(arguments: Sequence[str], prog: str) -> "RunConfig":
    """The config of a run, as `parse_run` has it."""
    from esc_gpu.config.named_configs import with_config_files

    arguments = with_config_files(arguments)
    check_paths(arguments)

    from esc_gpu.config.parse import parse_run

    return parse_run(arguments, prog)


def check_paths(arguments: Sequence[str]) -> None:
    """Refuse files and folders that the words themselves name and that are not there; those in YAML come later."""
    from esc_gpu.core.files import check_there
    from esc_gpu.data.recordings.layouts import check_recordings

    named: dict[str, str] = {}
    for word, following in pairwise([*arguments, ""]):
        option, _, value = word.partition("=") if "=" in word else (word, "", following)
        if option == CONFIG:
            named = {}  # the file may name others in their place
        elif option in (ROOT, TABLE, WEIGHTS):
            named[option] = value
    root, table, weights = (named.get(option) for option in (ROOT, TABLE, WEIGHTS))
    if weights not in (None, *NULL):
        check_there(WEIGHTS.removeprefix("--"), weights)
    check_recordings(*(None if path in NULL else path for path in (root, table)))
