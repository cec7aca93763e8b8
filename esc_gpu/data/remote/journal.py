"""Journals of what has come from an address: on each line a list in JSON, all of one length."""

import json
from pathlib import Path
from typing import Any


def read_journal(file: Path, length: int) -> list[list[Any]]:
    """The lists, in their order; none where there is no file. A line that a power cut has broken counts as none."""
    if not file.exists():
        return []
    found = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, list) and len(entry) == length:
            found.append(entry)
    return found
