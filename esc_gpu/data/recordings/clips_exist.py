"""Whether the files of a list are there, by either form of their names."""

import os
from collections.abc import Sequence
from pathlib import Path

from esc_gpu.core.names import composed, find_below
from esc_gpu.data.recordings.base import Row
from esc_gpu.errors import EscGpuError


def check_clips_exist(
    folder: Path,
    rows: Sequence[Row],
    column: str,
    remedy: str,
) -> dict[str, str]:
    """The file of every row lies in the folder.

    Args:
        folder: that the names are relative to.
        rows: those of the list, a csv in most layouts.
        column: of the names.
        remedy: what to do where files are missing.

    Returns:
        The names on the disk that are another form of Unicode than NFC, by the name in NFC.

    Raises:
        EscGpuError: for files that are missing.
    """
    missing, on_disk = [], {}
    for row in rows:
        name = getattr(row, column)
        # os.path's functions say no where Path's raise, as of a name that is too long.
        found = name if os.path.isfile(folder / name) else _in_other_form(folder, name)
        if found is None:
            missing.append(name)
        elif found != composed(name):
            on_disk[composed(name)] = found
    if missing:
        first = folder / missing[0]
        what = "is no regular file" if os.path.exists(first) else "no such clip"
        raise EscGpuError(
            f"{first}: {what} ({len(missing)} of {len(rows)} are missing); expected every {column} in "
            f"{folder}; {remedy}"
        )
    return on_disk


def _in_other_form(folder: Path, name: str) -> str | None:
    found = None if name.isascii() else find_below(folder, name)
    return found if found is not None and os.path.isfile(folder / found) else None
