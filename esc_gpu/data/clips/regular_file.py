"""Audio files are opened without waiting for anybody."""

import io
import os
import stat
from pathlib import Path

from esc_gpu.data.clips.damaged_files import DamagedFileError

WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)  # Windows has none, and no named pipe among its files


def check_file(path: Path) -> None:
    """Refuse what is no regular file, before it is opened.

    Raises:
        DamagedFileError: for a folder, a device, a named pipe or a socket, what is not there, and an empty file.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise DamagedFileError(path, f"{getattr(error, 'strerror', error)}; expected an audio file") from error
    _check_kind(path, status)


def open_regular(path: Path) -> io.FileIO:
    """The file, open for reading.

    What is opened is looked at once more: a named pipe that has come in between would wait for its other end.

    Raises:
        OSError: for what cannot be opened.
        DamagedFileError: as `check_file`.
    """
    check_file(path)

    def opener(name: str, flags: int) -> int:
        handle = os.open(name, flags | WITHOUT_WAITING)
        try:
            _check_kind(path, os.fstat(handle))
        except DamagedFileError:
            os.close(handle)
            raise
        return handle

    return open(path, "rb", buffering=0, opener=opener)


def _check_kind(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
        kind = kinds.get(stat.S_IFMT(status.st_mode), "a device")
        raise DamagedFileError(path, f"is {kind}; expected an audio file")
    if not status.st_size:
        raise DamagedFileError(path, "the file is empty (0 bytes); expected audio")
