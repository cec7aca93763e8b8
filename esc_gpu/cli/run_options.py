"""The options of a run: a path in the words or in a config that leads nowhere is refused before torch is loaded."""

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from esc_gpu.config.schema import RunConfig

CONFIG = "config"
ROOT, TABLE, CACHE = "data.root", "data.table", "data.cache_dir"
WEIGHTS, OUTPUT = "model.weights", "output_dir"
SWITCHES = RESUME, OVERWRITE = "resume", "overwrite"
NAMES = ROOT, TABLE, CACHE, WEIGHTS, OUTPUT, *SWITCHES
SECTIONS = {name.partition(".")[0] for name in NAMES if "." in name}
ASKING = {"--help", "-h", "--frontend.help", "--print_config"}  # nothing is written then
NULL = ("null", "~", "")


def parse(arguments: Sequence[str], prog: str, *, trains: bool = True) -> "RunConfig":
    """The config of a run, as `parse_run` has it; of one that `trains` the output folder is looked at, too."""
    from esc_gpu.config.named_configs import with_config_files

    arguments = with_config_files(arguments)
    check_paths(arguments, trains=trains and ASKING.isdisjoint(word.partition("=")[0] for word in arguments))

    from esc_gpu.config.parse import parse_run

    return parse_run(arguments, prog)


def check_paths(arguments: Sequence[str], *, trains: bool = False) -> None:
    """Refuse files and folders that are not there, and before a training an output folder that cannot be had."""
    from esc_gpu.cli.launch import is_first_process
    from esc_gpu.core.files import check_cache
    from esc_gpu.data.recordings.layouts import check_recordings
    from esc_gpu.experiment.output_place import check_place

    named = named_paths(arguments)
    root, table, cache, weights, output = (named.get(name) for name in (ROOT, TABLE, CACHE, WEIGHTS, OUTPUT))
    if weights is not None:
        check_weights(weights)
    check_recordings(root, table)
    if cache is not None:
        check_cache(Path(os.path.expanduser(cache)), f"--{CACHE}")
    if trains and output is not None and is_first_process():
        check_place(Path(os.path.expanduser(output)), goes_on=not named.keys().isdisjoint(SWITCHES))


def check_weights(weights: str) -> None:
    """Refuse a trained model to start from that is neither there nor on the hub."""
    from esc_gpu.core.files import check_there
    from esc_gpu.core.find_pipeline import HUB, find_pipeline

    if Path(os.path.expanduser(weights)).is_dir():
        find_pipeline(weights, None)
    elif not weights.startswith(HUB):
        check_there(WEIGHTS, weights)


def check_recordings_of(config: Path, sentence: str) -> None:
    """Refuse a finished run whose recordings are not there, by its config; `{}` stands for the reason."""
    from esc_gpu.data.recordings.layouts import check_recordings
    from esc_gpu.errors import EscGpuError

    named = named_paths([f"--{CONFIG}", str(config)])
    try:
        check_recordings(named.get(ROOT), named.get(TABLE))
    except EscGpuError as error:
        raise EscGpuError(sentence.format(error)) from error


def named_paths(arguments: Sequence[str]) -> dict[str, Any]:
    """The paths of a run by their options, the later over the earlier, as far as they are plain to see.

    What is in doubt, as a section of which another file is to be read, is left to the parser, with all that it may
    replace.
    """
    named: dict[str, Any] = {}
    for word, following in pairwise([*arguments, ""]):
        option, _, value = word.partition("=") if "=" in word else (word, "", following)
        name = option.removeprefix("--")
        if name == option:
            continue
        if name == CONFIG:
            take(read(value), named)
        elif name in SECTIONS:
            take({name: None}, named)
        elif name in NAMES:
            named[name] = None if value in NULL else value
    return named


def take(content: object, named: dict[str, Any]) -> None:
    """Add the paths of a config's file to those before it."""
    if not isinstance(content, Mapping) or CONFIG in content:  # another file
        named.clear()
        return
    for key, value in content.items():
        if key in SECTIONS and not isinstance(value, Mapping):
            for name in [name for name in named if name.startswith(f"{key}.")]:
                del named[name]
        within = {f"{key}.{name}": part for name, part in value.items()} if isinstance(value, Mapping) else {key: value}
        named |= {name: part for name, part in within.items() if name in NAMES and isinstance(part, str | bool | None)}


def read(config: str) -> Any:
    """What a file's YAML holds; None for what is no file, or none that the parser will take."""
    import yaml

    from esc_gpu.core.yaml_limits import check_yaml

    try:
        text = Path(config).read_text(encoding="utf-8-sig")
        check_yaml(text)
        return yaml.safe_load(text) or {}
    except (OSError, ValueError, yaml.YAMLError):  # said by the parser, which reads it again
        return None
