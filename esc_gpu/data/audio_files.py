"""Which audio files a user means by files and folders."""

import os
from collections.abc import Sequence
from pathlib import Path

from esc_gpu.errors import EscGpuError

# Of what libsndfile reads by a header.
SUFFIXES = (
    *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"),
    *(".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".w64", ".rf64"),
)


def find_audio_files(paths: Sequence[str | Path]) -> list[str]:
    """The files, and for each folder all audio files in and below it, in the order of their paths.

    A folder's files are audio by their suffix, and hidden ones are left out; links to folders are not followed.

    Raises:
        EscGpuError: for a folder without audio files. Whether a file is there is not looked at.
    """
    found = []
    for path in (os.fspath(path) for path in paths):
        if not os.path.isdir(path):
            found.append(path)
            continue
        inside = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names if _is_audio(name)]
        if not inside:
            raise EscGpuError(f"{path} holds no audio files ({', '.join(SUFFIXES)}): name the files themselves")
        found += sorted(inside)
    return found


def _is_audio(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")
