"""The pages of the reference, made of what the package itself says is public: `__all__` of its modules."""

import functools
import importlib
import inspect
import re
from collections.abc import Iterator

from benchmarks.common.paths import REPOSITORY
from esc_gpu.config.frontend_options import backend_classes
from esc_gpu.frontends.registry import _FRONTENDS, frontend_class
from esc_gpu.frontends.signature import option_names, option_texts

PACKAGE = REPOSITORY / "esc_gpu"
FOLDER = "reference"
INDEX = f"{FOLDER}/index.md"
# The class of each front-end, by its name.
CLASSES = {name: backends["native"][1] for name, backends in _FRONTENDS.items()}
NAMES = {cls: name for name, cls in CLASSES.items()}


@functools.cache
def public_modules() -> dict[str, list[str]]:
    """The public names of each public module; `esc_gpu` stands first."""
    files = [PACKAGE / "__init__.py", *sorted([*PACKAGE.glob("[!_]*.py"), *PACKAGE.glob("*/**/__init__.py")])]
    found = {}
    for file in files:
        if re.search(r"^__all__\b", file.read_text(encoding="utf-8"), re.MULTILINE):
            path = file.parent if file.stem == "__init__" else file.with_suffix("")
            name = ".".join(path.relative_to(REPOSITORY).parts)
            found[name] = list(importlib.import_module(name).__all__)
    return found


def page_of(module: str, name: str) -> str:
    """The page on which a public name of a module is described."""
    if module == "esc_gpu.frontends" and name in NAMES:
        return f"{FOLDER}/frontends/{NAMES[name]}.md"
    if module == "esc_gpu.functional" and name in CLASSES:
        return f"{FOLDER}/frontends/{name}.md"
    return f"{FOLDER}/{module}.md"


def places() -> dict[str, tuple[str, str]]:
    """The page of each public name, by its path, and its anchor there: that of the first path of several."""
    found: dict[str, tuple[str, str]] = {}
    first: dict[str, str] = {}
    modules = public_modules()
    for module, names in modules.items():
        for name in names:
            path = f"{module}.{name}"
            if path in modules:
                found[path] = f"{FOLDER}/{path}.md", ""
                continue
            main = first.setdefault(name, path)
            found[path] = page_of(*main.rsplit(".", 1)), main
    return found


def pages() -> dict[str, str]:
    """The Markdown of every page, by its place on the site."""
    where = places()
    modules = public_modules()
    found = {INDEX: index_page(modules, where)}
    found |= {f"{FOLDER}/{module}.md": module_page(module, names, where) for module, names in modules.items()}
    return found | {page_of("esc_gpu.functional", name): frontend_page(name) for name in CLASSES}


def navigation() -> list[object]:
    """The pages in the order of the site's menu."""
    frontends = [{name: page_of("esc_gpu.functional", name)} for name in CLASSES]
    modules = [{module: f"{FOLDER}/{module}.md"} for module in public_modules()]
    return [INDEX, *modules, {"Front-ends": frontends}]


def index_page(modules: dict[str, list[str]], where: dict[str, tuple[str, str]]) -> str:
    """Every public name on one page."""
    lines = ["# Reference", "", "Every public name of the package, by the module from which it is imported."]
    for module, names in modules.items():
        lines += ["", f"## [`{module}`]({module}.md)", "", introduction(module), ""]
        lines += [*table(module, names, where)]
    return "\n".join([*lines, ""])


def module_page(module: str, names: list[str], where: dict[str, tuple[str, str]]) -> str:
    """A module: its names in a table, and those whose place is here in full."""
    page = f"{FOLDER}/{module}.md"
    here = [name for name in names if where[f"{module}.{name}"] == (page, f"{module}.{name}")]
    lines = [f"# `{module}`", "", introduction(module), "", *table(module, names, where), ""]
    return "\n".join([*lines, *(f"::: {module}.{name}\n" for name in here)])


def frontend_page(name: str) -> str:
    """A front-end: its class, its function, and what other backends add."""
    cls, backends = CLASSES[name], [f"`{backend}`" for backend in _FRONTENDS[name]]
    choice = f" It takes the first of its backends that has all the options: {', '.join(backends)}."
    lines = [
        f"# {name}",
        "",
        f'`create_frontend("{name}")` makes this front-end.{choice if backends[1:] else ""} '
        "It has the methods and properties of [`Frontend`](../esc_gpu.frontends.md#esc_gpu.frontends.Frontend), "
        "such as `output_shape` and `frequencies`.",
        "",
        f"::: esc_gpu.frontends.{cls}",
        f"::: esc_gpu.functional.{name}",
    ]
    return "\n".join([*lines, *further_options(name), ""])


def further_options(name: str) -> Iterator[str]:
    """What only other backends of a front-end have; those that cannot be imported here are left out."""
    known = set(option_names(frontend_class(name)))
    classes, _ = backend_classes(name)
    for cls in classes:
        further = {option: text for option, text in option_texts(cls).items() if option not in known}
        if further:
            yield f"\n## Options of the backend `{cls.backend}` alone\n"
            yield from (f"- `{option}`: {text}" for option, text in further.items())


def table(module: str, names: list[str], where: dict[str, tuple[str, str]]) -> Iterator[str]:
    """A row for each name: a link, and its docstring's first sentences."""
    yield "| name | what it is |\n| --- | --- |"
    for name in names:
        page, anchor = where[f"{module}.{name}"]
        link = page.removeprefix(f"{FOLDER}/") + (f"#{anchor}" if anchor else "")
        yield f"| [`{name}`]({link}) | {summary(module, name)} |"


def introduction(module: str) -> str:
    """The first paragraph of a module's docstring."""
    return first_paragraph(importlib.import_module(module))


def summary(module: str, name: str) -> str:
    """The first paragraph of what is described, as a table's cell."""
    if module == "esc_gpu.functional" and name in CLASSES:
        return summary("esc_gpu.frontends", CLASSES[name])
    return first_paragraph(getattr(importlib.import_module(module), name)).replace("|", r"\|")


def first_paragraph(described: object) -> str:
    """Of its docstring, in one line."""
    return " ".join((inspect.getdoc(described) or "").split("\n\n")[0].split())
