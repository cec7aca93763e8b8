"""Docstrings as the reference shows them: with every option, and with their examples as code."""

import inspect
import typing

from esc_gpu.config.help import field_texts
from esc_gpu.config.ranges import Range
from esc_gpu.frontends.signature import ARGS, option_texts


def with_all_options(cls: type) -> str:
    """The docstring of a front-end's class with the options of its bases, where it refers to theirs."""
    text = inspect.cleandoc(cls.__doc__ or "") + "\n"
    if ARGS.search(text):
        return ARGS.sub(lambda found: f"{options(option_texts(cls))}\n", text)
    first, _, rest = text.partition("\n\n")
    return f"{first.rstrip()}\n\n{options(option_texts(cls))}\n{rest}"


def with_fields(cls: type) -> str:
    """The docstring of a section of a config, with the text and the range of each field."""
    ranges = {
        name: [rule for part in typing.get_args(annotation) if isinstance(part, Range) for _, rule in part.rules]
        for name, annotation in typing.get_type_hints(cls, include_extras=True).items()
    }
    texts = field_texts(cls)
    for name, rules in ranges.items():
        said = [rule for rule in rules if rule != "must be finite"]
        said = [rule for rule in said if " from " in rule] or said  # that one names both ends
        if said:
            texts = {**texts, name: f"{texts[name]} It {' and '.join(said)}."}
    return f"{inspect.cleandoc(cls.__doc__ or '')}\n\n{options(texts)}"


def options(texts: dict[str, str]) -> str:
    """The section of a docstring on options."""
    return "Args:\n" + "".join(f"    {name}: {text}\n" for name, text in texts.items())


def of_function(name: str, cls: str) -> str:
    """What the function of a front-end is; its options are those of the class."""
    return (
        f"The front-end as a function: `(B, T)` → `(B, C, F, N)`, with the options of "
        f"[`{cls}`][esc_gpu.frontends.{cls}] and the errors of the layer.\n\n"
        f'Further calls with the same options reuse the layer behind it, `create_frontend("{name}")`.'
    )


def with_fences(text: str) -> str:
    """The examples of a docstring as code: Markdown takes `>>>` for a quotation."""
    lines: list[str] = []
    is_open = False
    for line in text.splitlines():
        if line.startswith(">>> ") and not is_open:
            lines.append("```pycon")
            is_open = True
        elif is_open and not line.strip():
            lines.append("```")
            is_open = False
        lines.append(line)
    return "\n".join([*lines, "```"] if is_open else lines)
