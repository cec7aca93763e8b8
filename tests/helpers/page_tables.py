"""Tables of the documentation, row by row."""

import re


def rows(page: str, heading: str) -> list[tuple[str, str]]:
    """The first two cells of each row that begins with code, under a heading of a page."""
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [tuple(row.strip("| ").split(" | ")[:2]) for row in re.findall(r"^\| `.*$", section, re.MULTILINE)]


def code(cell: str) -> list[str]:
    """The names in a cell that are code."""
    return re.findall(r"`([\w.]+)`", cell)
