"""The layout of Speech Commands: a folder for each word, and lists of two splits (Warden, arXiv 1804.03209)."""

import os
from collections.abc import Iterable
from pathlib import Path

from esc_gpu.core.folds import TEST, TRAIN, VALIDATION
from esc_gpu.core.source_names import source_by_name
from esc_gpu.core.text import printable
from esc_gpu.data.recordings.base import Recordings, listed
from esc_gpu.data.recordings.from_rows import Row, recordings_from_rows
from esc_gpu.data.recordings.layouts.base import Reading
from esc_gpu.data.recordings.layouts.folder_tree import audio_below, class_name, visible_folders
from esc_gpu.data.recordings.table import relative_path
from esc_gpu.errors import EscGpuError

LISTS = {VALIDATION: "validation_list.txt", TEST: "testing_list.txt"}
NAME, SIGN = "speech_commands", " and ".join(LISTS.values())


def is_here(root: Path) -> bool:
    """Whether the folder has both lists."""
    return all(os.path.isfile(root / name) for name in LISTS.values())


def read(root: Path, reading: Reading) -> Recordings:
    """Its words, split by the lists; those of one speaker have one source.

    Folders whose name begins with an underscore are no words and are left out, as that of background noise.

    Raises:
        EscGpuError: for a list that cannot be read, and as `recordings_from_rows`.
    """
    split_of = {path: split for split, name in LISTS.items() for path in _paths(root / name)}
    folders = visible_folders(root)
    words = [folder for folder in folders if not folder.name.startswith("_")]
    found = {path for word in words for path in audio_below(root, word)}
    rows = [
        Row(
            0,
            path,
            class_name(root, path.partition("/")[0]),
            split_of.get(path, TRAIN),
            source_by_name(path, "Speech Commands") or path,
        )
        for path in sorted(found | split_of.keys())
    ]
    if not rows:
        raise EscGpuError(f"{root}: no recordings; expected a folder for each word; correct data.root")
    left_out = sorted(folder.name for folder in set(folders) - set(words))
    notes = [f"The folder {printable(listed(left_out))} is left out, because it is no word."] * bool(left_out)
    return recordings_from_rows(root, root, rows, layout=NAME, notes=notes)


def _paths(file: Path) -> Iterable[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise EscGpuError(f"{file}: {error}; expected a list of paths in UTF-8; replace it") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield relative_path(f"{file}, line {number}", line.strip())
