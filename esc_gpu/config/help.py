"""The help of a run's options: one entry each, those first that people set most."""

import ast
import collections.abc
import dataclasses
import functools
import inspect
import itertools
import re
import textwrap
import types
import typing
from typing import Any

from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.frontend_options import backend_classes, known_options
from esc_gpu.config.schema import RunConfig
from esc_gpu.frontends.presets import PRESETS
from esc_gpu.frontends.registry import canonical, list_backends, list_frontends
from esc_gpu.frontends.signature import option_texts

WIDTH, TEXT_COLUMN = 120, 38
OFTEN_SET = (
    *("data.root", "data.table", "frontend.name", "train.epochs", "train.batch_size", "train.lr", "train.seed"),
    *("folds", "output_dir", "resume", "overwrite"),
)
INTRODUCTION = (
    "Train a timm backbone on the features of an audio front-end and evaluate it on the official folds. You can write "
    "every option into a YAML file, such as those that `esc-gpu configs` lists. The command line overrides the file. "
    "Defaults are in brackets."
)
CONFIG = "YAML file with any of these options, or the name of one that `esc-gpu configs` lists; several are merged."
FEATURES = f"The features: {', '.join(list_frontends())}. Or the input of a known model: {', '.join(PRESETS)}."
BACKEND = 'Library that computes the features; "auto" uses the fastest one that has all the options.'


@functools.cache
def field_texts(cls: type) -> dict[str, str]:
    """The text under each field of a dataclass."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    texts = {}
    for field, text in itertools.pairwise(getattr(definition, "body", [])):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            texts[ast.unparse(field.target)] = " ".join(str(text.value.value).split())
    return texts


def all_keys() -> list[str]:
    """Every dotted option of a run but the front-end's own."""
    return [key for section in sections().values() for key in section]


@functools.cache
def sections() -> dict[str, dict[str, str]]:
    """The lines of every option, by its section and its dotted name; "" is the section of options without one."""
    found: dict[str, dict[str, str]] = {"frontend": frontend_entries()}
    others = {}
    defaults = RunConfig()
    for field in dataclasses.fields(RunConfig):
        value = getattr(defaults, field.name)
        if not dataclasses.is_dataclass(value):
            others[field.name] = field_entry(RunConfig, field.name, field.name, value)
        elif not isinstance(value, FrontendConfig):
            options = dataclasses.fields(value)
            found[field.name] = {
                (key := f"{field.name}.{option.name}"): field_entry(
                    type(value), option.name, key, vars(value)[option.name]
                )
                for option in options
            }
    return found | {"": others}


def frontend_entries() -> dict[str, str]:
    """What every front-end has."""
    return {
        "frontend.name": entry("frontend.name", "NAME", "logmel", FEATURES),
        "frontend.backend": entry("frontend.backend", "NAME", "auto", BACKEND),
        "frontend.help": entry("frontend.help", "NAME", None, "Print the options of this front-end and exit."),
    }


def format_help(prog: str) -> str:
    """The help of `train.py`."""
    lines = {key: line for section in sections().values() for key, line in section.items()}
    text = [f"usage: {prog} [--config FILE] [--OPTION VALUE ...]", "", *textwrap.wrap(INTRODUCTION, WIDTH), ""]
    text += ["Common options:", entry("config", "FILE", None, CONFIG)]
    text += [lines[key] for key in OFTEN_SET]
    for name, options in sections().items():
        title = field_texts(RunConfig)[name].rstrip(".") if name else "Others"
        text += ["", f"{title}:", *(line for key, line in options.items() if key not in OFTEN_SET)]
    text += [entry("print_config", "", None, "Print the config with every option as YAML for --config and exit.")]
    return "\n".join([*text, entry("help", "", None, "Print this text and exit."), ""])


def format_frontend_help(name: str) -> str:
    """The help of one front-end's own options.

    Raises:
        EscGpuError: for an unknown name.
    """
    also, (name, _, meant) = name, canonical(name, "auto", {})
    classes, missing = backend_classes(name)
    texts: dict[str, str] = {}
    for cls in classes:
        texts = option_texts(cls) | texts
    title = f"Options of the front-end {name}; defaults are in brackets."
    settings = " and ".join(f"{option}={value}" for option, value in meant.items())
    lines = [title, *([f"{also} is {name} with {settings}."] if also != name else []), ""]
    backends = "|".join(["auto", *list_backends(name)])
    lines.append(entry("frontend.backend", backends, "auto", BACKEND))
    for option, parameter in known_options(name).items():
        if option != "input_sample_rate":
            default = None if parameter.default is parameter.empty else default_text(parameter.default)
            default = "data.sample_rate" if option == "sample_rate" else default
            kind = type_text(parameter.annotation)
            text = re.sub(r"\bNone\b", "null", texts[option])
            lines.append(entry(f"frontend.{option}", kind, default, f"{text[:1].upper()}{text[1:]}"))
    return "\n".join([*lines, *(["", *missing] if missing else []), ""])


def field_entry(cls: type, name: str, key: str, default: Any) -> str:
    """The lines of a dataclass's field."""
    return entry(key, type_text(typing.get_type_hints(cls)[name]), default_text(default), field_texts(cls)[name])


def entry(key: str, kind: str, default: str | None, text: str) -> str:
    """An option with its type, text and default, which begins in a column of its own."""
    left = f"  --{key} {kind}".rstrip()
    text = text if default is None else f"{text} [{default}]"
    wrapped = textwrap.wrap(text, WIDTH - TEXT_COLUMN, break_on_hyphens=False) or [""]
    if len(left) < TEXT_COLUMN - 1:
        return "\n".join([f"{left:<{TEXT_COLUMN}}{wrapped[0]}", *(" " * TEXT_COLUMN + line for line in wrapped[1:])])
    return "\n".join([left, *(" " * TEXT_COLUMN + line for line in wrapped)])


def type_text(annotation: Any) -> str:
    """A type in YAML's words: "INT", "a|b"."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return "|".join(map(str, arguments))
    if origin in (types.UnionType, typing.Union):
        return "|".join(type_text(part) for part in arguments if part is not type(None))
    if origin is tuple:
        return f"[{','.join(map(type_text, arguments))}]"
    if origin in (list, collections.abc.Sequence):
        return f"[{type_text(arguments[0])},...]"
    if annotation in (inspect.Parameter.empty, Any) or isinstance(annotation, str):
        return "VALUE"
    mapping = "{NAME: VALUE}"
    return {dict: mapping, collections.abc.Mapping: mapping}.get(
        origin, getattr(annotation, "__name__", "FRONTEND").upper()
    )


def default_text(value: Any) -> str:
    """A default as YAML has it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(list(value) if isinstance(value, tuple) else value)
