"""The section `frontend` of a config: checked by the front-end's own class, whose options it has."""

import argparse
import functools
import inspect
from collections.abc import Mapping
from typing import Any

import yaml
from jsonargparse import ArgumentParser, get_loader, set_loader

from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.frontend_options import (
    NESTED,
    OF_THE_CLIPS,
    backend_classes,
    complete,
    known_options,
    without_defaults,
)
from esc_gpu.config.messages import explain
from esc_gpu.core.checks import check_choice
from esc_gpu.core.yaml_limits import check_yaml
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.presets import PRESETS
from esc_gpu.frontends.registry import canonical, hint, list_backends, list_frontends

MODE = "yaml"  # of jsonargparse's parsers
read_yaml = get_loader(MODE)  # reads YAML as the other sections are read: 1e3 is a number, 2020-13-45 no date
NAMED = {"name": "logmel", "backend": "auto"}  # what every front-end has, with the defaults


def load(text: str, file: object = None) -> Any:
    """The value that YAML stands for; the `file` that it is from is for messages.

    Raises:
        EscGpuError: what `check_yaml` does.
        yaml.YAMLError: for what is no YAML.
    """
    check_yaml(text, file)
    try:
        return read_yaml(text)
    except ValueError as error:  # of 0x_, which is no number after all, or one of too many digits
        raise yaml.YAMLError(str(error)) from error


def limit_yaml() -> None:
    """From here on jsonargparse reads by `load`, in files and on the command line."""
    set_loader(MODE, load, exceptions=(yaml.YAMLError,))


def read_frontend(section: Mapping[str, Any], where: str = "frontend") -> FrontendConfig:
    """The front-end that a section names, with the options that differ from its defaults.

    Args:
        section: `name`, `backend` and the front-end's own options, as YAML gives them.
        where: the section's own place, for messages.

    Raises:
        EscGpuError: for an unknown name, backend or option, with the nearest one, and a value of the wrong type.
    """
    named = {key: section.get(key, default) for key, default in NAMED.items()}
    for key, value in named.items():
        if not isinstance(value, str):
            raise EscGpuError(f"{where}.{key} is {value!r}; expected a name such as {NAMED[key]}; correct it")
    options = {key: value for key, value in section.items() if key not in NAMED}
    name, backend, options = canonical(named["name"], named["backend"], options)
    check_choice(f"{where}.name", name, [*list_frontends(), *PRESETS])
    check_choice(f"{where}.backend of {name}", backend, ["auto", *list_backends(name)])
    known = known_options(name, backend)
    options = without_nulls(options, known)
    for key in options:
        if key == "input_sample_rate":
            raise EscGpuError(
                f"{where}.{key} always equals data.sample_rate, the rate of the clips: set data.sample_rate instead"
            )
        if key not in known:
            names = [option for option in (*NAMED, *known) if option != "input_sample_rate"]
            of = name if backend == "auto" else f"{name} ({backend})"
            missing = "".join(f"; {reason}" for reason in backend_classes(name)[1]) if backend == "auto" else ""
            advice = f"{of} has {', '.join(names)}; --frontend.help {name} explains them{missing}"
            raise EscGpuError(f"there is no option '{where}.{key}'{hint(key, names, f'{where}.')}; {advice}")
    options = read_types(name, backend, options, where)
    return FrontendConfig(name, backend, **without_defaults(name, backend, options))


def without_nulls(options: Mapping[str, Any], known: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """The options without those that are null to mean the default.

    Null is a value for an option that can be None. Version 0.1 wrote all options of all front-ends into a run's config,
    as null where they had not been given: a null option that the front-end does not have tells such a config.
    """
    is_earlier = any(value is None and key not in known for key, value in options.items())

    def is_default(key: str) -> bool:
        return options[key] is None and (is_earlier or key in OF_THE_CLIPS or not allows_none(known[key]))

    return {key: value for key, value in options.items() if not is_default(key)}


def allows_none(parameter: inspect.Parameter) -> bool:
    """Whether an option can be None."""
    types = parameter.annotation, *getattr(parameter.annotation, "__args__", ())
    return not {type(None), Any, parameter.empty}.isdisjoint(types) or parameter.default is None


def read_types(name: str, backend: str, options: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The options in the types of the constructor; raises what `read_frontend` does."""
    plain = {key: value for key, value in options.items() if key not in NESTED}
    try:
        read = vars(type_parser(name, backend).parse_object(plain, defaults=False))
    except argparse.ArgumentError as error:
        raise EscGpuError(explain(str(error).replace('"', f'"{where}.', 1), ())) from error
    values: dict[str, Any] = {}
    for key, value in options.items():
        if key == "members":
            if not isinstance(value, list):
                raise EscGpuError(f"{where}.members is {value!r}; expected a list of front-ends; put it in brackets")
            values[key] = [read_member(member, f"{where}.members[{n}]") for n, member in enumerate(value)]
        elif key == "member":
            values[key] = None if value is None else read_member(value, f"{where}.member")
        else:
            values[key] = read[key]
    return values


def read_member(section: Any, where: str) -> dict[str, Any]:
    """A front-end inside another one, as arguments of `create_frontend`."""
    if isinstance(section, str):
        section = {"name": section}
    if not isinstance(section, Mapping):
        raise EscGpuError(f"{where} is {section!r}; expected a front-end such as {{name: logmel}}; correct it")
    return read_frontend(section, where).arguments()


@functools.cache
def type_parser(name: str, backend: str) -> ArgumentParser:
    """A parser of the plain options, by the annotations of the constructor."""
    parser = ArgumentParser(exit_on_error=False)
    for option, parameter in known_options(name, backend).items():
        if option not in NESTED:
            is_known = not isinstance(parameter.annotation, str) and parameter.annotation is not parameter.empty
            annotation = parameter.annotation if is_known else Any
            parser.add_argument(f"--{option}", type=annotation, default=parameter.default)
    return parser


def with_complete_frontend(config: Mapping[str, Any]) -> dict[str, Any]:
    """A run's config from a file, of this version or an earlier one, with all options of its front-end.

    Raises:
        EscGpuError: for a front-end that there is no more, or that has no such options.
    """
    section = config.get("frontend")
    return {**config, "frontend": complete(read_frontend(section if isinstance(section, dict) else {}))}
