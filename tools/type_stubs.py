"""What editors and type checkers see of the front-ends: `python -m tools.type_stubs` writes it.

The options of a front-end stand in the constructors of its class and of its bases, which hand them on as **kwargs: no
editor follows that. `esc_gpu/frontends/__init__.pyi` and `esc_gpu/functional.pyi` have them written out.
"""

import argparse
import inspect
import re

from benchmarks.common.paths import REPOSITORY
from esc_gpu.config.frontend_options import known_options
from esc_gpu.core.files import write_text
from esc_gpu.frontends.registry import _FRONTENDS, ALIASES, list_backends, list_frontends

WIDTH = 120
HEADER = '"""{title} Written by `python -m tools.type_stubs`: do not edit."""\n\n'
IMPORTS = "from collections.abc import Mapping, Sequence\nfrom typing import Any, Literal, overload\n\n"


def main(argv: list[str] | None = None) -> None:
    """Write both files."""
    argparse.ArgumentParser(prog="python -m tools.type_stubs", description=__doc__.splitlines()[0]).parse_args(argv)
    for name, text in stubs().items():
        write_text(REPOSITORY / "esc_gpu" / name, text)


def stubs() -> dict[str, str]:
    """The content of each file, by its path in the package."""
    return {"frontends/__init__.pyi": frontends_stub(), "functional.pyi": functional_stub()}


def frontends_stub() -> str:
    """Classes by name and create_frontend, with all options."""
    rows = {name: backends["native"] for name, backends in _FRONTENDS.items()}
    lines = [HEADER.format(title="Front-ends by name, with their options.") + IMPORTS]
    lines += ["from esc_gpu.frontends.base import Frontend as Frontend\n"]
    modules = sorted({module for module, _ in rows.values()})
    lines += [f"from esc_gpu.frontends import {module} as _{module}\n" for module in modules]
    lines += ["from esc_gpu.frontends.presets import list_presets as list_presets\n"]
    lines += ["from esc_gpu.frontends.registry import list_backends as list_backends\n"]
    lines += ["from esc_gpu.frontends.registry import list_frontends as list_frontends\n"]
    for name, (module, cls) in rows.items():
        own = call("    def __init__", ["self", "*", *options(name, "native")], "None")
        lines += [f"\nclass {cls}(_{module}.{cls}):\n{own}"]
    targets = {name: name for name in rows} | {alias: name for alias, (name, _) in ALIASES.items()}
    for spelled, name in targets.items():
        backends = ", ".join(f'"{backend}"' for backend in ("auto", *list_backends(name)))
        chosen = [f'name: Literal["{spelled}"]', f"backend: Literal[{backends}] = ...", "*"]
        lines += ["\n@overload\n", call("def create_frontend", [*chosen, *options(name)], rows[name][1])]
    any_name = ["name: str", "backend: str = ...", "**options: Any"]
    lines += ["\n@overload\n", call("def create_frontend", any_name, "Frontend")]
    return "".join(lines)


def functional_stub() -> str:
    """The functions, with all options."""
    lines = [HEADER.format(title="Front-ends as functions, with their options.")]
    lines += ["from collections.abc import Mapping, Sequence\nfrom typing import Any\n\nfrom torch import Tensor\n\n"]
    lines += ["from esc_gpu.frontends.base import Frontend\n"]
    lines += ["from esc_gpu.frontends.functions import estimate_tuning as estimate_tuning\n"]
    lines += ["from esc_gpu.frontends.functions import resample as resample\n"]
    lines += ["from esc_gpu.frontends.scaling import power_to_db as power_to_db\n"]
    lines += ["from esc_gpu.frontends.scaling import power_to_magnitude as power_to_magnitude\n"]
    for name in list_frontends():
        first = ["waveform: Tensor", "*", "backend: str = ..."]
        lines += ["\n", call(f"def {name}", [*first, *options(name)], "Tensor")]
    return "".join(lines)


def options(name: str, backend: str = "auto") -> list[str]:
    """The parameters of a front-end, as source."""
    return [parameter_text(parameter) for parameter in known_options(name, backend).values()]


def parameter_text(parameter: inspect.Parameter) -> str:
    """`name: type = default`."""
    annotation = inspect.formatannotation(parameter.annotation)
    annotation = re.sub(r"\b(?:collections\.abc|typing|esc_gpu\.frontends\.base)\.", "", annotation)
    return f"{parameter.name}: {annotation} = {parameter.default!r}"


def call(head: str, parameters: list[str], result: str) -> str:
    """The line of a function, folded where it is long."""
    tail = f") -> {result}: ...\n"
    one_line = f"{head}({', '.join(parameters)}{tail}"
    if len(one_line) <= WIDTH:
        return one_line
    indent = " " * (len(head) - len(head.lstrip()) + 4)
    lines, line = [f"{head}(\n"], indent
    for parameter in parameters:
        if len(line) + len(parameter) + 2 > WIDTH:
            lines.append(f"{line.rstrip()}\n")
            line = indent
        line += f"{parameter}, "
    return "".join([*lines, f"{line.rstrip()}\n", " " * (len(indent) - 4), tail])


if __name__ == "__main__":
    main()
