"""What of the repository is on the site: its pages, in the places that they have, and the files that they link to."""

import os
import re
from pathlib import Path

from benchmarks.common.paths import REPOSITORY

CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|\b(?:src|href)=\"([^\"]+)\"")
# Linked files with these endings are shown as pages; others, such as results and pictures, are copied.
LANGUAGES = {".py": "python", ".yaml": "yaml", ".cff": "yaml", ".toml": "toml", ".cfg": "ini", ".txt": "", "": ""}


def markdown_pages() -> list[Path]:
    """The pages in Markdown."""
    names = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md", "notebooks/README.md")
    return [*(REPOSITORY / name for name in names), *sorted((REPOSITORY / "docs").glob("*.md"))]


def notebooks() -> list[Path]:
    """The notebooks, which are pages as well."""
    return sorted((REPOSITORY / "notebooks").glob("*.ipynb"))


def links(text: str) -> list[str]:
    """Where a page's links lead, outside of code."""
    return [target or address for target, address in LINK.findall(CODE.sub("", text))]


def linked_files() -> list[Path]:
    """The files of the repository that pages link to or show, and that are no pages."""
    found = set()
    for page in markdown_pages():
        for link in links(page.read_text(encoding="utf-8")):
            path = link.partition("#")[0]
            if path and not re.match(r"\w+:", link):
                found.add(Path(os.path.normpath(page.parent / path)))
    return sorted(path for path in found - {*markdown_pages(), *notebooks()} if path.is_file())


def source_uri(path: Path) -> str:
    """The place of a file in the repository, and on the site."""
    return path.relative_to(REPOSITORY).as_posix()


def code_page(path: Path) -> str:
    """A source file as a page of its own, as wide as it can be, which the search leaves out."""
    code = path.read_text(encoding="utf-8").rstrip("\n")
    head = f"---\nsearch:\n  exclude: true\nhide: [navigation, toc]\n---\n\n# `{source_uri(path)}`\n\n"
    return f"{head}````{LANGUAGES[path.suffix]}\n{code}\n````\n"
