"""The section `frontend` as it was given, in YAML files and on the command line: what comes later goes over it.

jsonargparse can't read it: which options there are is known when the front-end's name is. A value on the command line
stays text until its type is known, too; the spellings beyond a plain section are jsonargparse's.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from esc_gpu.config.parse_frontend import load
from esc_gpu.errors import EscGpuError

OPTION = "--frontend"
FRONTENDS = "", "members", "members+", "member"  # what is a front-end, or a list of them
NULLS = "null", "Null", "NULL", "~"


def split_words(arguments: list[str]) -> tuple[list[str], list[tuple[list[str] | None, str]]]:
    """The words without those of the front-end, and what its section comes from, in their order.

    Returns:
        Words for jsonargparse, and values with their keys; None instead of keys tells a config file.

    Raises:
        EscGpuError: for an option without a value.
    """
    others: list[str] = []
    sources: list[tuple[list[str] | None, str]] = []
    position = 0
    while position < len(arguments):
        name, equals, value = arguments[position].partition("=")
        following = arguments[position + 1 : position + 2]
        if name == OPTION or name.startswith(f"{OPTION}."):
            if not equals and (not following or following[0].startswith("--")):
                raise EscGpuError(f"{name} has no value; expected one after it; add it, or remove the option")
            sources.append((name.removeprefix(OPTION).split(".")[1:], value if equals else following[0]))
            position += 1 if equals else 2
            continue
        if name == "--config":
            sources.append((None, value if equals else "".join(following)))
        others.append(arguments[position])
        position += 1
    return others, sources


def read_section(sources: list[tuple[list[str] | None, str]]) -> Any:
    """The section of all files and words; jsonargparse has refused files that can't be read."""
    section: Any = {}
    for keys, text in sources:
        if keys is not None:
            section = placed(section, keys, read_value(keys, text))
            continue
        given = options_of(text)
        section = merged({"frontend": section}, given)["frontend"]
        if is_earlier(given.get("frontend")):
            section = {key: value for key, value in section.items() if value is not None}
    return section


def read_value(keys: list[str], text: str) -> Any:
    """A value on the command line: front-ends in YAML, or the section in a file; else text, and None for null."""
    if "".join(keys[-1:]) not in FRONTENDS:
        return None if text.strip() in NULLS else text
    try:
        value = load(text)
    except (ValueError, yaml.YAMLError):
        return text
    return value if keys else read_file(value, Path())


def is_earlier(section: Any) -> bool:
    """Whether version 0.1 wrote a section: with every option there is, as null where it had the default."""
    return isinstance(section, dict) and {"members", "member"} <= section.keys()


def options_of(config: str, folder: Path = Path()) -> dict[str, Any]:
    """What a file, or the text of one, says of the front-end, as `{"frontend": {...}, "frontend.n_mels": 64}`.

    `config: FILE` in a file gives the sections that the file hasn't. Files are relative to the folder of the one that
    names them.

    Raises:
        EscGpuError: for what is neither, as a pipe, which jsonargparse has read to its end.
    """
    path = folder / config
    if is_file(path):
        content, folder = load(path.read_text(encoding="utf-8")), path.parent
    else:
        content = load(config)
    if not isinstance(content, dict):
        raise EscGpuError(
            f"config is {config!r}; expected a file, a name of `esc-gpu configs`, or the text of a config; save it "
            "as a file"
        )
    own = {key: value for key, value in content.items() if str(key).partition(".")[0] == "frontend"}
    if not own and isinstance(content.get("config"), str):
        return options_of(content["config"], folder)
    return {key: read_file(value, folder) for key, value in own.items()}


def read_file(section: Any, folder: Path) -> Any:
    """The section in the file that is named in its place; what is no file's name as it is.

    Raises:
        EscGpuError: for a file that can't be read.
    """
    if not (isinstance(section, str) and is_file(folder / section)):
        return section
    try:
        return load((folder / section).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise EscGpuError(f"frontend is in {section!r}, which can't be read ({reason}); correct it") from error


def is_file(path: Path) -> bool:
    """Whether there is such a file; the text of a config is none, however long."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def merged(section: Any, later: Any) -> Any:
    """The section with what a later one sets; options that are sections themselves are merged, too, lists are not."""
    if not isinstance(later, Mapping):
        return later
    result: Any = section if isinstance(section, Mapping) else {}
    for key, value in later.items():
        result = placed(result, str(key).split("."), value)
    return result


def placed(section: Any, keys: Sequence[str], value: Any) -> Any:
    """The section with a value at the end of a path of keys: `members+` adds to a list, `members.x` is of its last."""
    if not keys:
        return merged(section, value)
    if isinstance(section, list) and section:
        return [*section[:-1], placed(section[-1], keys, value)]
    if isinstance(section, str):  # a member's name
        section = {"name": section}
    section = section if isinstance(section, Mapping) else {}
    key, rest = keys[0].removesuffix("+"), keys[1:]
    if rest or key == keys[0]:
        return {**section, key: placed(section.get(key), rest, value)}
    before, more = section.get(key), value if isinstance(value, list) else [value]
    return {**section, key: [*before, *more] if isinstance(before, list) else more}
