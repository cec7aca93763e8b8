"""Which audio files a user means by files and folders."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from esc_gpu.core.names import as_on_disk
from esc_gpu.errors import EscGpuError

# Of what libsndfile reads by a header.
SUFFIXES = (
    *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"),
    *(".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".w64", ".rf64"),
)
REST = {"__MACOSX", "lost+found", "System Volume Information", "$RECYCLE.BIN"}  # of archives and disks, not of users


def find_audio_files(paths: Sequence[str | Path]) -> list[str]:
    """The files, and for each folder all audio files in and below it, in the order of their paths.

    A folder's files are audio by their suffix. Hidden files and folders are left out, and links to folders are not
    followed. A file may be named in either form of Unicode.

    Raises:
        EscGpuError: for a folder without audio files, and one that cannot be read, in it or itself. Whether a file is
            there is not looked at.
    """
    found = []
    for path in (os.fspath(path) for path in paths):
        if not os.path.isdir(path):
            found.append(path if path.isascii() or os.path.exists(path) else os.fspath(as_on_disk(Path(path))))
            continue
        inside = [os.path.join(folder, name) for folder, names in walk(path) for name in names if is_audio(name)]
        if not inside:
            raise EscGpuError(f"{path} holds no audio files ({', '.join(SUFFIXES)}): name the files themselves")
        found += sorted(inside)
    return found


def walk(folder: str | Path) -> Iterator[tuple[str, list[str]]]:
    """A folder and those below it that are not hidden, with the names of the files in each.

    Raises:
        EscGpuError: for a folder that cannot be read.
    """
    for inside, folders, names in os.walk(folder, onerror=_refuse_folder):
        folders[:] = filter(is_visible, folders)
        yield inside, names


def is_visible(folder: str) -> bool:
    """Whether a folder of this name may have recordings in it."""
    return not folder.startswith(".") and folder not in REST


def _refuse_folder(error: OSError) -> None:
    raise EscGpuError(
        f"{error.filename}: {error.strerror}; expected a folder that can be read; correct it or name other folders"
    ) from error


def is_audio(name: str) -> bool:
    """Whether a file's name ends as that of an audio file, and is not hidden."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")
