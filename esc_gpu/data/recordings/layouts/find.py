"""Which layout a data set has: a table of the user's own, or one of the modules beside this one."""

import os
import re
from pathlib import Path

from esc_gpu.core.esc50 import TABLE
from esc_gpu.core.names import as_on_disk
from esc_gpu.core.task import MULTI_LABEL
from esc_gpu.data.recordings.base import Recordings, listed
from esc_gpu.data.recordings.layouts import (
    esc50,
    folders,
    fsd50k,
    hugging_face,
    soundata,
    speech_commands,
    urbansound8k,
)
from esc_gpu.data.recordings.layouts.base import N_FOLDS, Layout, Reading, Subset
from esc_gpu.data.recordings.layouts.esc50 import find_root
from esc_gpu.data.recordings.layouts.folder_tree import loose_files, visible_folders
from esc_gpu.data.recordings.several_labels import AUTO, as_several
from esc_gpu.data.recordings.table import COLUMNS, find_table, read_table
from esc_gpu.data.remote.address import check_address, is_remote
from esc_gpu.errors import EscGpuError

BY_THEIR_FILES: tuple[Layout, ...] = (esc50, urbansound8k, fsd50k, speech_commands, hugging_face)
LAYOUTS: dict[str, Layout] = {layout.NAME: layout for layout in (*BY_THEIR_FILES, folders, soundata)}


def read_recordings(
    root: str | Path | None,
    subset: Subset = "all",
    table: str | Path | None = None,
    layout: str | None = None,
    n_folds: int = N_FOLDS,
    tables: Path | None = None,
    task: str = AUTO,
) -> Recordings:
    """The recordings that `table` lists, with `root` as by `read_table`; without a table, those in `root` by a layout.

    A layout is known by files of its own, in `root` or in one folder below it; a folder for each class is what is
    taken where there are none. `layout` chooses one by its name. `n_folds`, `tables` and `task` are those of `Reading`.

    Raises:
        EscGpuError: for recordings that `read_table` or a layout refuses, a table together with a subset or a layout,
            a subset of another data set than ESC-50, a folder of no layout or of several, and neither a root nor a
            table.
    """
    if table is not None:
        for option, value in (("subset", None if subset == "all" else subset), ("layout", layout)):
            if value is not None:
                reason = "only ESC-50 has subsets" if option == "subset" else "a table is a layout of its own"
                raise EscGpuError(
                    f"data.{option} is {value!r} together with data.table {table}; expected "
                    f"{'all' if option == 'subset' else 'none'}, because {reason}; remove one of the two"
                )
        return read_table(table, root, task)
    if root is None:
        raise EscGpuError("neither data.root nor data.table is given; expected one of them; add it")
    root = as_on_disk(Path(os.path.expanduser(root)))
    found, folder = _find(root, layout) if os.path.isdir(root) else (esc50, root)
    if subset != "all" and found is not esc50:
        raise EscGpuError(
            f"data.subset is {subset!r}, but {folder} has the layout {found.NAME}; expected all, because only ESC-50 "
            "has subsets; remove the option"
        )
    recordings = found.read(folder, Reading(subset, n_folds, tables, task))
    return as_several(recordings) if task == MULTI_LABEL and recordings.task != MULTI_LABEL else recordings


def _find(root: Path, name: str | None) -> tuple[Layout, Path]:
    """The layout, and the folder that has it: the root or one in it."""
    if name is not None and name not in LAYOUTS:
        raise EscGpuError(f"data.layout {name!r} is unknown; expected one of {listed(LAYOUTS)}; correct it")
    wanted = BY_THEIR_FILES if name is None else (LAYOUTS[name],)
    for candidates in ([root], visible_folders(root)):
        found = [(layout, folder) for folder in candidates for layout in wanted if layout.is_here(folder)]
        if len(found) > 1:
            places = listed(f"{layout.NAME} in {folder} ({layout.SIGN})" for layout, folder in found)
            raise EscGpuError(
                f"{root} has several layouts: {places}; expected one; choose it with --data.layout, or its folder with "
                "--data.root"
            )
        if found:
            return found[0]
    if name is not None:
        if name == esc50.NAME:
            return esc50, root  # which says what is missing
        raise EscGpuError(
            f"{root} does not have the layout {name}; expected {LAYOUTS[name].SIGN}; correct data.root, or leave "
            "data.layout out"
        )
    other = next((path for pattern in ("*.csv", "*/*.csv") for path in sorted(root.glob(pattern))), None)
    if folders.is_here(root) and not (other and _is_table(other)):
        return folders, root
    if other:
        raise EscGpuError(
            f"{root / TABLE}: no such file, but there is {other}; expected ESC-50, or a csv with the "
            "columns path, label, fold; point data.root to the folder above meta, or name your csv with "
            "--data.table FILE.csv"
        )
    loose = loose_files(root)
    lies = f", and recordings such as {loose[0]} lie in no folder of a class" if loose else ""
    raise EscGpuError(
        f"{root / TABLE}: no such file, and there is no other layout{lies}; expected ESC-50, another data set of "
        "docs/data.md, or a folder for each class; correct data.root"
    )


def _is_table(file: Path) -> bool:
    """Whether a csv has the columns of a table of the user's own, which is then to be named."""
    try:
        with open(file, encoding="utf-8-sig") as lines:
            first = lines.readline().casefold()
    except (OSError, ValueError):
        return False
    return {*COLUMNS} <= {*re.findall(r"\w+", first)}


def check_recordings(root: str | Path | None, table: str | Path | None = None) -> None:
    """Refuse, in the words of `read_recordings`, a folder or a table that is not there; nothing is read.

    Of an address, it is looked whether this machine can open such ones.
    """
    if root is not None and is_remote(root):
        check_address(str(root))
        root = None
    if table is not None:
        find_table(table, root)
    elif root is not None:
        find_root(root)
