"""From which recording a file was cut, or who speaks in it, where the names of a known data set tell it."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

PATTERNS = {  # of a file's name without its ending
    "ESC-50": re.compile(r"\d-(\d+)-[A-Z]-\d+"),  # FOLD-SOURCE-TAKE-TARGET
    "UrbanSound8K": re.compile(r"(\d+)-\d-\d+-\d+"),  # SOURCE-CLASS-OCCURRENCE-SLICE
    "Speech Commands": re.compile(r"([0-9a-f]+)_nohash_\d+"),  # SPEAKER_nohash_NUMBER
}


def source_by_name(path: str, pattern: re.Pattern[str] = PATTERNS["Speech Commands"]) -> str | None:
    """The source in a file's name; None where the name is another."""
    match = pattern.fullmatch(PurePosixPath(path).stem)
    return match and match[1]


def sources_by_name(paths: Sequence[str]) -> tuple[str, list[str]] | None:
    """The data set whose names all files have, and the source of each file; None where there is no such."""
    for data_set, pattern in PATTERNS.items():
        sources = [source for path in paths if (source := source_by_name(path, pattern)) is not None]
        if len(sources) == len(paths):
            return data_set, sources
    return None
