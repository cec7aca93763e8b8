"""What a browser would load from another site."""

import re
from collections.abc import Iterator
from pathlib import Path

ELSEWHERE = r"(?:https?:)?//[^\s\"'<>)]+"
TAG = re.compile(r"<(script|img|iframe|source|audio|video|track|embed|object|input|use|image|link)\b[^>]*>", re.I)
ATTRIBUTE = re.compile(rf"\b(?:src|srcset|href|data|poster)\s*=\s*[\"']?\s*({ELSEWHERE})", re.I)
# What a <link> says of the page; all others of it are loaded, or connected to.
ONLY_NAMED = re.compile(r"\brel\s*=\s*[\"']?(?:canonical|prev|next|edit|alternate|author|license|search)\b", re.I)
STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>|\bstyle\s*=\s*(\"[^\"]*\"|'[^']*')", re.I | re.S)
IN_CSS = re.compile(rf"(?:url\(|@import)\s*(?:url\()?\s*[\"']?\s*({ELSEWHERE})", re.I)


def in_page(text: str) -> list[str]:
    """The addresses on other sites that a page of HTML loads: links that a reader may follow are none."""
    found = []
    for tag in TAG.finditer(text):
        if tag[1].lower() != "link" or not ONLY_NAMED.search(tag[0]):
            found += ATTRIBUTE.findall(tag[0])
    for style in STYLE.finditer(text):
        found += in_style(style[1] or style[2])
    return found


def in_style(text: str) -> list[str]:
    """Those that a style sheet loads."""
    return IN_CSS.findall(text)


def in_site(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of a built site that loads something from elsewhere, with the address."""
    for path in sorted(folder.rglob("*")):
        look = {".html": in_page, ".svg": in_page, ".css": in_style}.get(path.suffix)
        for address in look(path.read_text(encoding="utf-8")) if look else ():
            yield path.relative_to(folder).as_posix(), address
