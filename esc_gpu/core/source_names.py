"""From which recording a file was cut, or who speaks in it, where the names of a known data set tell it."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

PATTERNS = {
    "ESC-50": re.compile(r"\d+-(\d+)-[A-Z][A-Z0-9]*-\d+\.\w+"),  # FOLD-SOURCE-TAKE-TARGET
    "UrbanSound8K": re.compile(r"(\d+)-\d+-\d+-\d+\.\w+"),  # SOURCE-CLASS-OCCURRENCE-SLICE
    "Speech Commands": re.compile(r"([0-9a-f]+)_nohash_\d+\.\w+"),  # SPEAKER_nohash_NUMBER
}


def source_by_name(path: str, data_set: str) -> str | None:
    """The source that a file's name has in it; None where it is not called as those of the data set."""
    match = PATTERNS[data_set].fullmatch(PurePosixPath(path).name)
    return match and match[1]


def sources_by_name(paths: Sequence[str]) -> tuple[str, list[str]] | None:
    """The data set whose names all files have, and the source of each file; None where there is no such."""
    for data_set in PATTERNS:
        sources = [source for path in paths if (source := source_by_name(path, data_set)) is not None]
        if len(sources) == len(paths):
            return data_set, sources
    return None
