"""A run's config from YAML files and the command line (jsonargparse), with errors of one line."""

import argparse
import contextlib
import dataclasses
import functools
import itertools
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml
from jsonargparse import ArgumentParser, Namespace, set_parsing_settings
from jsonargparse.typing import Path

from esc_gpu.config.frontend_section import read_section, split_words
from esc_gpu.config.help import all_keys, format_frontend_help, format_help
from esc_gpu.config.messages import explain
from esc_gpu.config.named_configs import with_config_files
from esc_gpu.config.options import as_dict, differences
from esc_gpu.config.parse_frontend import limit_yaml, read_frontend
from esc_gpu.config.schema import RunConfig
from esc_gpu.core.yaml_limits import check_yaml
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import list_frontends

SWITCHES = ("--resume", "--overwrite", "--validate", "--train.deterministic", "--train.profile")
PRINT, ONLY_CHANGED = "--print_config", "skip_default"
HELP, FRONTEND_HELP = ("--help", "-h"), "--frontend.help"


def parse_run(arguments: list[str], prog: str) -> RunConfig:
    """The config of a run; `--help`, `--frontend.help NAME` and `--print_config` print and exit.

    Raises:
        EscGpuError: for an unknown key (with the nearest name), a value of the wrong type or a missing file.
    """
    if any(word.partition("=")[0] == FRONTEND_HELP for word in arguments):
        show(format_frontend_help(named_frontend(arguments)))
    if not set(HELP).isdisjoint(arguments):
        show(format_help(prog))
    others = [word for word in arguments if word.partition("=")[0] != PRINT]
    flags = {flag for word in arguments if word.startswith(f"{PRINT}=") for flag in word.partition("=")[2].split(",")}
    if flags - {"", ONLY_CHANGED}:
        raise EscGpuError(f"{PRINT} is {', '.join(sorted(flags))!r}; expected {ONLY_CHANGED}, or no value; correct it")
    config = read_config(others, prog)
    if len(others) < len(arguments):
        values = differences(config) if ONLY_CHANGED in flags else as_dict(config)
        show(yaml.safe_dump(values, sort_keys=False))
    return config


def named_frontend(arguments: list[str]) -> str:
    """The word behind `--frontend.help`."""
    position, name = next(
        (position, word.partition("=")[2])
        for position, word in enumerate(arguments)
        if word.partition("=")[0] == FRONTEND_HELP
    )
    name = name or "".join(arguments[position + 1 : position + 2])
    if not name or name.startswith("-"):
        raise EscGpuError(f"{FRONTEND_HELP} needs a name; expected one of {', '.join(list_frontends())}; add it")
    return name


def read_config(arguments: list[str], prog: str) -> RunConfig:
    """The config of the words; raises what `parse_run` does."""
    words, sources = split_words(with_config_files(arguments))
    try:
        values = parse_words(words, prog)
        section = read_section(sources)
        check_section("frontend", section, dict)
        return RunConfig(**{**values, "frontend": read_frontend(section)})
    except UnicodeError as error:
        raise EscGpuError(f"the options are not in UTF-8 ({error}); expected text; save the file as UTF-8") from error


def show(text: str) -> NoReturn:
    """Print the text, and exit."""
    sys.stdout.write(text)
    raise SystemExit(0)


def parse_words(arguments: list[str], prog: str) -> dict[str, Any]:
    """The fields of RunConfig, but for the front-end; raises what `parse_run` does."""
    # jsonargparse would import, and so run, whatever module a section names; from here on it does so for nobody.
    set_parsing_settings(
        import_path_denylist=["*"],
        import_path_allowlist=[RunConfig.__module__],
        instantiate_subclass_spec_in_any=False,
    )
    limit_yaml()
    parser = create_parser(prog)
    try:
        with files_in_utf8():
            parsed = parser.parse_args(complete_switches(arguments))
        for name, default in vars(RunConfig()).items():
            if dataclasses.is_dataclass(default) and name != "frontend":
                check_section(name, parsed[name], Namespace)
        values = vars(parser.instantiate(parsed))
    except AttributeError as error:  # of jsonargparse, which adds files to the value of `config`
        raise EscGpuError(
            "config in a file does not name a file; expected a name, as in config: base.yaml; correct it"
        ) from error
    except (argparse.ArgumentError, ImportError) as error:  # ImportError: of what may not be imported
        raise EscGpuError(explain(str(error), all_keys())) from error
    return {field.name: values[field.name] for field in dataclasses.fields(RunConfig)}


@contextlib.contextmanager
def files_in_utf8() -> Iterator[None]:
    """jsonargparse reads files in the system's encoding, which on Windows is another; inside the block it does not.

    A fault of `check_yaml` is said with the file's name. What is no file, as standard input, it reads as ever.
    """
    original = Path.read_text

    def read_text(path: Path) -> str:
        if not os.path.isfile(path.absolute):
            return original(path)
        with open(path.absolute, encoding="utf-8-sig") as file:
            text = file.read()
        check_yaml(text, path.relative)
        return text

    Path.read_text = read_text  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        Path.read_text = original  # type: ignore[method-assign]


@functools.cache
def create_parser(prog: str) -> ArgumentParser:
    """The parser of a run's options; jsonargparse takes longer to make it than to parse."""
    parser = ArgumentParser(prog=prog, exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--config", action="config")
    parser.add_class_arguments(RunConfig, None, skip={"frontend"})
    parser.add_argument("--frontend", type=Any)  # read by `read_section`
    return parser


def check_section(name: str, section: object, kind: type) -> None:
    """Refuse a section that is a value, or empty, which jsonargparse lets pass."""
    if not isinstance(section, kind):
        first = dataclasses.fields(vars(RunConfig())[name])[0].name
        raise EscGpuError(
            f"{name} is {section!r}; expected a section with options such as {name}.{first}; add some or remove it"
        )


def complete_switches(arguments: list[str]) -> list[str]:
    """`--resume` alone means `--resume true`, and so for the other switches."""
    completed = []
    for word, following in itertools.zip_longest(arguments, arguments[1:], fillvalue="--"):
        completed.append(word)
        if word in SWITCHES and following.startswith("--"):
            completed.append("true")
    return completed
