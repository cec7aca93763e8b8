"""Folders of audio files, as data sets without a table have them."""

import os
from pathlib import Path

from esc_gpu.core.names import control_character, fault_of, in_one_form
from esc_gpu.core.text import shown
from esc_gpu.data.recordings.audio_files import find_audio_files, is_audio, is_visible, walk
from esc_gpu.errors import EscGpuError


def visible_folders(root: Path) -> list[Path]:
    """The folders in a folder, or links to folders, in the order of their names; without hidden ones.

    Raises:
        EscGpuError: for a folder that cannot be read.
    """
    try:
        return sorted(path for path in root.iterdir() if is_visible(path.name) and path.is_dir())
    except OSError as error:
        raise EscGpuError(f"{root}: {error.strerror}; expected a folder that can be read; correct data.root") from error


def loose_files(folder: Path) -> list[str]:
    """Names of the audio files directly in a folder, sorted."""
    return sorted(entry.name for entry in os.scandir(folder) if is_audio(entry.name) and entry.is_file())


def holds_audio(folder: Path) -> bool:
    """Whether there is an audio file in or below a folder.

    Raises:
        EscGpuError: for a folder that cannot be read.
    """
    return any(is_audio(name) for _, names in walk(folder) for name in names)


def audio_below(root: Path, folder: Path) -> list[str]:
    """Paths from `root` of the audio files in and below a folder, sorted, with forward slashes.

    Raises:
        EscGpuError: for a folder that cannot be read, and a path that no table can hold.
    """
    if not holds_audio(folder):
        return []
    paths = [Path(path).relative_to(root).as_posix() for path in find_audio_files([folder])]
    for path in paths:
        if fault := _fault_of_path(path):
            raise EscGpuError(f"{root}: path {path!r} {fault}; expected one that a table can hold; rename the file")
    return paths


def _fault_of_path(path: str) -> str:
    if control := control_character(path):
        return f"has a control character ({control})"
    if "\\" in path:
        return "has a backslash, which is a slash on Windows"
    return "" if shown(path) == path else "is not in UTF-8"


def class_name(root: Path, folder: str) -> str:
    """The class that a folder is named after.

    Raises:
        EscGpuError: for a name that is none.
    """
    name = in_one_form(folder)
    if fault := fault_of(name):
        raise EscGpuError(f"{root}: folder {folder!r} {fault}; expected the name of a class; rename it")
    return name
