"""Data sets as the package soundata reads them: folders that are called as it calls the data set.

Source: Fuentes et al., Soundata: Reproducible use of audio datasets, JOSS 2024; the code of soundata 1.0.1.
"""

import csv
import dataclasses
import os
from functools import cache
from pathlib import Path
from typing import Any

from esc_gpu.core.extras import require
from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.from_rows import Row, recordings_from_rows
from esc_gpu.data.recordings.layouts.base import Reading
from esc_gpu.data.recordings.layouts.made_folds import with_folds
from esc_gpu.data.recordings.several_labels import AUTO
from esc_gpu.data.recordings.table import relative_path
from esc_gpu.errors import EscGpuError, first_line

NAME, SIGN = "soundata", "a folder with the name of a data set of soundata, such as sound_datasets/urbansound8k"
SEVERAL = "|"  # between the labels of a recording
SOURCES = ("src_file", "freesound_id")  # what clips call the recording that they were cut from
NO_FOLD = 0
TEST = {"evaluate": "test"}  # of the TAU data sets, in addition to the usual names of splits


def is_here(root: Path) -> bool:
    """Whether the folder has the name of a data set of soundata.

    Raises:
        EscGpuError: where soundata is not installed.
    """
    return _name(root) in _names()


def _name(root: Path) -> str:
    """That of the folder, also where it is given as `.`."""
    return Path(os.path.abspath(root)).name


@cache
def _names() -> tuple[str, ...]:
    require("soundata", f"data.layout {NAME}")
    import soundata

    return tuple(soundata.list_datasets())


def read(root: Path, reading: Reading) -> Recordings:
    """Its clips that have tags, in their folds or splits; where there are none, folds are made.

    Raises:
        EscGpuError: for a data set whose clips have no tags, one that is not there or not whole, several labels where
            there are no folds, and as `recordings_from_rows` and `with_folds`.
    """
    import soundata

    try:
        clips = soundata.initialize(_name(root), data_home=os.path.abspath(root)).load_clips()
        rows = [_row(root, clip) for clip in clips.values()]
    except EscGpuError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError, csv.Error) as error:
        # There is no index or table, or it lacks clips or fields.
        raise EscGpuError(
            f"{root}: soundata says: {first_line(error)}; expected the data set with its index; {_download(root)}"
        ) from error
    has_folds = any(row.fold != NO_FOLD for row in rows)
    used = [row for row in rows if row.label and (row.fold != NO_FOLD or not has_folds)]
    if not used:
        raise EscGpuError(
            f"{root}: the clips that soundata has of {_name(root)} have no tags; expected classes, as of esc50, "
            "urbansound8k, fsd50k, fsdnoisy18k, eigenscape and the tau data sets of scenes; choose another data set"
        )
    left_out = len(rows) - len(used)
    notes = [f"{left_out} of the {len(rows)} clips have no label or no split, and are left out."] if left_out else []
    has_several = any(SEVERAL in row.label for row in used)
    if not has_folds:
        if has_several:
            raise EscGpuError(
                f"{root}: has several labels a recording, but neither folds nor splits; expected one of them; write "
                "the folds in a table for --data.table"
            )
        made = with_folds(root, used, reading, notes, are_told=True, remedy=_download(root))
        return dataclasses.replace(made, layout=NAME)
    task = MULTI_LABEL if has_several else SINGLE_LABEL if reading.task == AUTO else reading.task
    return recordings_from_rows(root, root, used, layout=NAME, notes=notes, remedy=_download(root), task=task)


def _download(root: Path) -> str:
    return f"run soundata.initialize({_name(root)!r}, data_home={str(root)!r}).download()"


def _row(root: Path, clip: Any) -> Row:
    path = relative_path(str(root), os.path.relpath(clip.audio_path, root))
    fold, split = getattr(clip, "fold", None), getattr(clip, "split", None)
    if fold is None and split is not None:
        part = str(split).rpartition(".")[2]  # as of development.train
        fold = TEST.get(part, part)
    source = next((text for name in SOURCES if (text := str(getattr(clip, name, "")))), str(clip.clip_id))
    return Row(0, path, SEVERAL.join(_labels(clip)), NO_FOLD if fold is None else fold, source)


def _labels(clip: Any) -> list[str]:
    tags = getattr(clip, "tags", None)
    return [str(label).strip() for label in (tags.labels if tags is not None else ()) if label]
