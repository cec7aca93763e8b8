"""Which of the layouts a data set has: that of ESC-50, or a table of the user's own."""

import os
from pathlib import Path

from esc_gpu.core.esc50 import AUDIO, TABLE
from esc_gpu.core.names import as_on_disk
from esc_gpu.data.recordings.audio_files import is_audio
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.esc50 import Subset, find_root, read_esc50
from esc_gpu.data.recordings.table import find_table, read_table
from esc_gpu.errors import EscGpuError


def read_recordings(root: str | Path | None, subset: Subset = "all", table: str | Path | None = None) -> Recordings:
    """The recordings that `table` lists, with `root` as by `read_table`; without a table, ESC-50 in `root`.

    Raises:
        EscGpuError: for recordings that `read_table` or `read_esc50` refuses, a table together with a subset,
            and neither a root nor a table.
    """
    if table is not None:
        if subset != "all":
            raise EscGpuError(
                f"data.subset is {subset!r} together with data.table {table}; expected all, because only ESC-50 "
                "has subsets; remove one of the two"
            )
        return read_table(table, root)
    if root is None:
        raise EscGpuError("neither data.root nor data.table is given; expected one of them; add it")
    root = as_on_disk(Path(os.path.expanduser(root)))
    if os.path.isdir(root) and not (root / TABLE).exists() and (other := _find_csv(root)):
        raise EscGpuError(
            f"{root / TABLE}: no such file, but there is {other}; expected ESC-50, or a csv with the "
            "columns path, label, fold; point data.root to the folder above meta, or name your csv with "
            "--data.table FILE.csv"
        )
    if os.path.isdir(root) and not (root / TABLE).exists() and (recording := _find_recording(root)):
        raise EscGpuError(
            f"{root / TABLE}: no such file, but there are recordings such as {recording}; expected ESC-50, or a csv "
            "with the columns path, label, fold; docs/data.md has a program that writes one for a folder of each class"
        )
    return read_esc50(root, subset)


def check_recordings(root: str | Path | None, table: str | Path | None = None) -> None:
    """Refuse, in the words of `read_recordings`, a folder or a table that is not there; nothing is read."""
    if table is not None:
        find_table(table, root)
    elif root is not None:
        find_root(root)


def _find_recording(root: Path) -> Path | None:
    """A recording in a folder that is not ESC-50's, below its folder."""
    return next((file for file in sorted(root.glob("*/*")) if is_audio(file.name) and file.parent.name != AUDIO), None)


def _find_csv(root: Path) -> Path | None:
    """The first csv in the folder or one below it."""
    return next((path for pattern in ("*.csv", "*/*.csv") for path in sorted(root.glob(pattern))), None)
