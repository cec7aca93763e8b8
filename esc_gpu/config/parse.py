"""A run's config from YAML files and the command line (jsonargparse), with errors of one line."""

import argparse
import dataclasses
import functools
import itertools
import re

from jsonargparse import ArgumentParser, Namespace, set_parsing_settings

from esc_gpu.config.schema import MemberConfig, RunConfig
from esc_gpu.core.checks import nearest
from esc_gpu.errors import EscGpuError

DESCRIPTION = (
    "Train a timm backbone behind an audio front-end and evaluate it on the official folds. "
    "Every option can stand in a YAML file given by --config, as those in configs/, and is overridden by its "
    "dotted name on the command line."
)
SWITCHES = ("--resume", "--overwrite", "--validate", "--train.deterministic", "--train.profile")


def parse_run(arguments: list[str], prog: str) -> RunConfig:
    """The config of a run; `--help` and `--print_config` print and exit.

    Raises:
        EscGpuError: for an unknown key (with the nearest name), a value of the wrong type or a missing file.
    """
    # jsonargparse would import, and so run, whatever module a section names; from here on it does so for nobody.
    set_parsing_settings(import_path_denylist=["*"], import_path_allowlist=[RunConfig.__module__])
    parser = create_parser(prog)
    try:
        parsed = parser.parse_args(complete_switches(arguments))
        check_sections(parsed)
        values = vars(parser.instantiate(parsed))
    except (argparse.ArgumentError, ImportError) as error:  # ImportError: of what may not be imported
        raise EscGpuError(explain(str(error))) from error
    except UnicodeError as error:
        raise EscGpuError(f"the options are not in UTF-8 ({error}); expected text; save the file as UTF-8") from error
    except RecursionError as error:  # of an anchor in the YAML
        raise EscGpuError("a value of the config holds itself; expected plain values; write it out") from error
    return RunConfig(**{field.name: values[field.name] for field in dataclasses.fields(RunConfig)})


@functools.cache
def create_parser(prog: str) -> ArgumentParser:
    """The parser of a run's options; jsonargparse takes longer to make it than to parse."""
    parser = ArgumentParser(prog=prog, description=DESCRIPTION, exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--config", action="config", help="YAML file with any of these options")
    parser.add_class_arguments(RunConfig, None)
    return parser


def check_sections(parsed: Namespace) -> None:
    """Refuse a section that is a value, or empty, which jsonargparse lets pass."""
    for field in dataclasses.fields(RunConfig):
        if dataclasses.is_dataclass(field.type) and not isinstance(parsed[field.name], Namespace):
            raise EscGpuError(
                f"{field.name} is {parsed[field.name]!r}; expected a section with options such as "
                f"{field.name}.{dataclasses.fields(field.type)[0].name}; give some or leave it out"
            )


def complete_switches(arguments: list[str]) -> list[str]:
    """`--resume` alone means `--resume true`, and so for the other switches."""
    completed = []
    for word, following in itertools.zip_longest(arguments, arguments[1:], fillvalue="--"):
        completed.append(word)
        if word in SWITCHES and following.startswith("--"):
            completed.append("true")
    return completed


def explain(message: str) -> str:
    """jsonargparse's message in one line, with the nearest key for an unknown one."""
    denied = re.search(r"Importing '(.*?)' is not allowed", message)
    if denied:
        return f"the options name {denied[1]!r} as a class to import; expected options only; write out the section's"
    unknown = re.search(r"unrecognized arguments: -*([\w.]+)|[Oo]ption '([\w.]+)'", message)
    if unknown:
        key = unknown[1] or unknown[2]
        group = re.search(r"Group '(\w+)'", message)
        if group:
            key = f"{group[1]}.{key}"
        known = [field.name for field in dataclasses.fields(MemberConfig)] if "MemberConfig" in message else all_keys()
        return f"there is no option {key!r}{nearest(key, known)}; --help lists them all"
    wrong = re.match(r'Parser key "([\w.]+)":\s+(.*)', message, re.DOTALL)
    if not wrong:
        return " ".join(message.split())
    key, reason = wrong[1], " ".join(wrong[2].split())
    union = re.search(r"Subtypes: \[(.*?)\] Errors:.* Given value: (.*)", reason)
    if union:
        reason = f"expected {readable(union[1]).replace(', ', ' or ')}, got {union[2]!r}"
    return f"{key}: {readable(reason)}"


def readable(types: str) -> str:
    """Python's spelling of types in YAML's words."""
    types = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", types)
    return re.sub(r"typing\.Literal\[(.*?)\]", r"one of \1", types).replace("NoneType", "null")


def all_keys() -> list[str]:
    """Every dotted option of a run."""
    keys = []
    for field in dataclasses.fields(RunConfig):
        keys.append(field.name)
        if dataclasses.is_dataclass(field.type):
            keys += [f"{field.name}.{part.name}" for part in dataclasses.fields(field.type)]
    return keys
