"""Folders of audio files, as data sets without a table have them."""

import os
from pathlib import Path

from esc_gpu.core.names import fault_of, in_one_form
from esc_gpu.data.recordings.audio_files import find_audio_files, is_audio
from esc_gpu.errors import EscGpuError

REST = "__MACOSX"  # what macOS leaves in archives


def visible_folders(root: Path) -> list[Path]:
    """The folders in a folder, or links to folders, in the order of their names; without hidden ones.

    Raises:
        EscGpuError: for a folder that cannot be read.
    """
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and path.name[:1] != "." and path.name != REST)
    except OSError as error:
        raise EscGpuError(f"{root}: {error.strerror}; expected a folder that can be read; correct data.root") from error


def loose_files(folder: Path) -> list[str]:
    """Names of the audio files directly in a folder, sorted."""
    return sorted(entry.name for entry in os.scandir(folder) if is_audio(entry.name) and entry.is_file())


def holds_audio(folder: Path) -> bool:
    """Whether there is an audio file in or below a folder."""
    return any(is_audio(name) for _, _, names in os.walk(folder) for name in names)


def audio_below(root: Path, folder: Path) -> list[str]:
    """Paths from `root` of the audio files in and below a folder, sorted, with forward slashes."""
    return (
        [Path(path).relative_to(root).as_posix() for path in find_audio_files([folder])] if holds_audio(folder) else []
    )


def class_name(root: Path, folder: str) -> str:
    """The class that a folder is named after.

    Raises:
        EscGpuError: for a name that is none.
    """
    name = in_one_form(folder)
    if fault := fault_of(name):
        raise EscGpuError(f"{root}: folder {folder!r} {fault}; expected the name of a class; rename it")
    return name
