"""jsonargparse's messages in one line, in the words of the command line and of YAML."""

import re
from collections.abc import Iterable

from esc_gpu.core.checks import nearest


def explain(message: str, known: Iterable[str]) -> str:
    """What is wrong, with the nearest of the `known` options for an unknown one."""
    denied = re.search(r"Importing '(.*?)' is not allowed", message)
    if denied:
        return (
            f"the options name {denied[1]!r} as a class to import; expected options only; write out the options of "
            "the section"
        )
    unknown = re.search(r"unrecognized arguments: -*([\w.]+)|[Oo]ption '([\w.]+)'", message)
    if unknown:
        key = unknown[1] or unknown[2]
        group = re.search(r"Group '(\w+)'", message)
        key = f"{group[1]}.{key}" if group else key
        return f"there is no option {key!r}{nearest(key, known)}; --help lists them all"
    no_config = re.match(r"Unexpected config:(.*)", message, re.DOTALL)
    if no_config:
        given = no_config[1].strip()
        return f"--config is {given!r}; expected sections with options; name a YAML file that has some"
    no_file = re.search(r"(?:Path is not a file|File is not readable): '(.*)'", message)
    if no_file:
        return f"--config: {no_file[1]} is not a file, or cannot be read; expected a YAML file; correct the name"
    wrong = re.match(r'Parser key "([\w.\[\]]+)":\s+(.*)', message, re.DOTALL)
    if not wrong:
        return " ".join(message.split())
    key, reason = wrong[1], " ".join(wrong[2].split())
    subtypes = re.findall(r"Subtypes: \[(.*?)\] Errors:", reason)
    if subtypes:  # the last are those inside of Annotated
        given = reason.rpartition("Given value: ")[2]
        reason = f"expected {readable(subtypes[-1]).replace(', ', ' or ')}, got {given!r}"
    return f"{key}: {readable(reason)}"


def readable(types: str) -> str:
    """Python's spelling of types in YAML's words."""
    types = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", types)
    types = types.replace("collections.abc.Sequence[typing.Any]", "list")
    return re.sub(r"typing\.Literal\[(.*?)\]", r"one of \1", types).replace("NoneType", "null")
