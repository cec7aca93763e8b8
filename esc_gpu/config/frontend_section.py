"""The section `frontend` as it was given, in YAML files and on the command line: what comes later goes over it.

jsonargparse can't read it: which options there are is known when the front-end's name is.
"""

from pathlib import Path
from typing import Any

import yaml

from esc_gpu.errors import EscGpuError

OPTION = "--frontend"


def split_section(arguments: list[str]) -> tuple[list[str], Any]:
    """The words without those of the front-end, and its section of all files and words, in their order.

    Raises:
        EscGpuError: for an option without a value.
    """
    others: list[str] = []
    section: Any = {}
    position = 0
    while position < len(arguments):
        name, equals, value = arguments[position].partition("=")
        following = value if equals else "".join(arguments[position + 1 : position + 2])
        if name == OPTION or name.startswith(f"{OPTION}."):
            if not equals and (not following or following.startswith("--")):
                raise EscGpuError(f"{name} has no value; expected one behind it; give it, or leave the option out")
            section = merged(section, nested(name.removeprefix(OPTION).split(".")[1:], load(following)))
            position += 1 if equals else 2
            continue
        if name == "--config":
            section = merged(section, section_of(following))
        others.append(arguments[position])
        position += 1
    return others, section


def section_of(config: str) -> Any:
    """The section in a file, or in the text of one; an empty one where there is none, or nothing that can be read.

    What can't be read is refused with the file's other sections.
    """
    try:
        text = Path(config).read_text(encoding="utf-8") if Path(config).is_file() else config
        content = yaml.safe_load(text)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return content.get("frontend", {}) if isinstance(content, dict) else {}


def load(value: str) -> Any:
    """A value on the command line, in YAML."""
    try:
        return yaml.safe_load(value)
    except (ValueError, RecursionError, yaml.YAMLError):
        return value


def nested(keys: list[str], value: Any) -> Any:
    """`{a: {b: value}}` for the keys a, b."""
    for key in reversed(keys):
        value = {key: value}
    return value


def merged(section: Any, later: Any) -> Any:
    """The section with what a later one sets; options that are sections themselves are merged, too."""
    if not (isinstance(section, dict) and isinstance(later, dict)):
        return later
    return section | {key: merged(section.get(key), value) for key, value in later.items()}
