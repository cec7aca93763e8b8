"""The pages of the documentation, and the commands in their shell blocks."""

import re
import shlex

from tests.helpers.paths import DOCS, REPOSITORY

PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(page):
    return page.read_text(encoding="utf-8")


# ---- commands


def command_lines(pages=PAGES):
    """The words of every command in the pages' shell blocks, without what stands before the program's name."""
    return [words for page in pages for words in commands_in(read(page))]


def commands_in(text):
    """The words of every command in the shell blocks of a text."""
    found = []
    for language, code in BLOCK.findall(text):
        for line in code.replace("\\\n", " ").splitlines() if language == "sh" else ():
            words = shlex.split(line, comments=True)
            while words and "=" in words[0]:  # OMP_NUM_THREADS=2
                words = words[1:]
            if words:
                found.append([words[0].removeprefix(".venv/bin/"), *words[1:]])
    return found
