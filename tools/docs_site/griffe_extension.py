"""What griffe, which reads the code without running it, cannot see: front-ends imported on first use, their options."""

import dataclasses
import inspect
import re
import typing
from collections.abc import Iterable
from typing import Any

import griffe

from esc_gpu import config
from esc_gpu.config.frontend_options import known_options
from esc_gpu.frontends.registry import _FRONTENDS, frontend_class
from esc_gpu.frontends.signature import option_parameters
from tools.docs_site.docstrings import of_function, with_all_options, with_fences, with_fields


class PublicNames(griffe.Extension):
    """The front-ends as users import them, and all options where their class is described."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Complete the package once it is read."""
        if pkg.name != "esc_gpu":
            return
        frontends, functional = pkg["frontends"], pkg["functional"]
        frontends.set_member("Frontend", griffe.Alias("Frontend", pkg["frontends.base.Frontend"]))
        for name, backends in _FRONTENDS.items():
            module, cls = backends["native"]
            described, made = pkg[f"frontends.{module}.{cls}"], frontend_class(name)
            complete(described, with_all_options(made), option_parameters(made))
            frontends.set_member(cls, griffe.Alias(cls, described))
            functional.set_member(name, function(name, cls))
        for name in config.__all__:
            section, described = getattr(config, name), pkg["config"][name].final_target
            if "__init__" not in described.members:  # it is the dataclass's
                complete(described, with_fields(section), fields(section))
                for field in dataclasses.fields(section):
                    described.members[field.name].docstring = None  # it is among the options
        fence_examples(pkg)


def complete(described: griffe.Class, text: str, parameters: Iterable[inspect.Parameter]) -> None:
    """Give a class the constructor that it shows to users, with its docstring."""
    described.docstring = griffe.Docstring(text, parent=described)
    constructor = griffe.Function(
        "__init__",
        parameters=griffe.Parameters(*map(parameter, parameters)),
        lineno=described.lineno,  # what is shown as its source
        endlineno=described.endlineno,
    )
    described.set_member("__init__", constructor)


def function(name: str, cls: str) -> griffe.Function:
    """The function of a front-end."""
    first = [
        inspect.Parameter("waveform", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation="Tensor"),
        inspect.Parameter("backend", inspect.Parameter.KEYWORD_ONLY, annotation=str, default="auto"),
    ]
    parameters = griffe.Parameters(*map(parameter, [*first, *known_options(name).values()]))
    found = griffe.Function(name, parameters=parameters, returns="Tensor")
    found.docstring = griffe.Docstring(of_function(name, cls), parent=found)
    return found


def fields(section: type) -> list[inspect.Parameter]:
    """The fields of a section of a config as its constructor's parameters, without their ranges."""
    types = typing.get_type_hints(section)
    found = []
    for parameter in inspect.signature(section).parameters.values():
        default = parameter.default
        is_made = repr(default) == "<factory>"
        default = vars(section)["__dataclass_fields__"][parameter.name].default_factory() if is_made else default
        found.append(parameter.replace(annotation=types[parameter.name], default=default))
    return found


def parameter(taken: inspect.Parameter) -> griffe.Parameter:
    """A parameter as griffe has it."""
    annotation = taken.annotation if isinstance(taken.annotation, str) else inspect.formatannotation(taken.annotation)
    kind = "keyword_only" if taken.kind is taken.KEYWORD_ONLY else "positional_or_keyword"
    default = "..." if dataclasses.is_dataclass(taken.default) else repr(taken.default)
    return griffe.Parameter(
        taken.name,
        annotation=re.sub(r"\b(?:\w+\.)+(?=\w)", "", annotation),
        kind=griffe.ParameterKind[kind],
        default=None if taken.default is taken.empty else default,
    )


def fence_examples(parent: griffe.Object) -> None:
    """Mark the examples of all docstrings as code."""
    if parent.docstring is not None:
        parent.docstring.value = with_fences(parent.docstring.value)
    for member in parent.members.values():
        if not member.is_alias:
            fence_examples(member)
