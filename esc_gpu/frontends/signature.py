"""The options of a front-end class: the keyword-only arguments of its constructor and of its bases'."""

import functools
import inspect
import re
from collections.abc import Callable

ARGS = re.compile(r"^Args:\n((?:(?: .*)?\n?)*)", re.MULTILINE)  # the section of a docstring
ENTRY = re.compile(r"^    (\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)  # an option's lines


def option_parameters(cls: type) -> list[inspect.Parameter]:
    """The keyword-only arguments of a front-end class, its bases' included: its own first."""
    found: dict[str, inspect.Parameter] = {}
    for base in cls.__mro__:
        if "__init__" in vars(base):
            for parameter in signature(vars(base)["__init__"]).parameters.values():
                if parameter.kind is parameter.KEYWORD_ONLY:
                    found.setdefault(parameter.name, parameter)
    return list(found.values())


def signature(function: Callable[..., object]) -> inspect.Signature:
    """The signature; annotations that are written as text, as behind `from __future__ import annotations`, as types."""
    try:
        return evaluated_signature(function)
    except (NameError, AttributeError, TypeError, SyntaxError):  # of a name for type checkers alone
        return inspect.signature(function)


@functools.cache
def evaluated_signature(function: Callable[..., object]) -> inspect.Signature:
    """Read once for each constructor: every front-end that is made asks for it many times.

    One that cannot be read yet, as while its module is loaded, raises an error and is read anew the next time.
    """
    return inspect.signature(function, eval_str=True)


def option_names(cls: type) -> list[str]:
    """Names of the options of a front-end class."""
    return [parameter.name for parameter in option_parameters(cls)]


def option_texts(cls: type) -> dict[str, str]:
    """What each option is, from the `Args:` of the class's docstring and of its bases'."""
    texts: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        section = ARGS.search(inspect.cleandoc(vars(base).get("__doc__") or ""))
        if section and "__init__" in vars(base):
            texts |= {name: " ".join(text.split()) for name, text in ENTRY.findall(section[1])}
    return {name: texts.get(name, "") for name in option_names(cls)}
