"""Files that one process at a time may hold; a lock ends with its process, however that ends."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from filelock import lock_descriptor

from esc_gpu.core.files import WINDOWS

# What file systems without locks say; EBADF: some NFS servers.
NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EBADF)
NO_LOCKS_ON_WINDOWS = (1, 50)  # ERROR_INVALID_FUNCTION and ERROR_NOT_SUPPORTED, of network drives
OWNER_BYTES = 1000  # at most, from the second byte on: Windows lets nobody else read the first, which is locked


class InUseError(Exception):
    """Another process holds the lock; `str` says which one."""


def lock(file: int | IO[bytes], wait: bool = True) -> bool:
    """Lock an open file for this process alone, until it is closed.

    Returns:
        False on a file system without locks.

    Raises:
        BlockingIOError: if another process has it and this one is not to wait.
    """
    handle = file if isinstance(file, int) else file.fileno()
    try:
        is_ours = lock_descriptor(handle, blocking=wait)
    except OSError as error:
        if error.errno not in NO_LOCKS and getattr(error, "winerror", None) not in NO_LOCKS_ON_WINDOWS:
            raise
        return False
    if not is_ours:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return True


@contextlib.contextmanager
def locked(file: Path, wait: bool = True) -> Iterator[bool]:
    """Inside the block no other process has this lock file, which is made before and removed after.

    What a killed process left of it holds nobody up. The block is given False on a file system without locks, where
    others may be in theirs.

    Raises:
        InUseError: if another process has it and this one is not to wait.
        OSError: for a file that cannot be made.
    """
    handle, is_locked = _take(file, wait)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f" process {os.getpid()} on {socket.gethostname()}".encode())  # for who is refused
        yield is_locked
    finally:
        _give_back(file, handle)


def _take(file: Path, wait: bool) -> tuple[int, bool]:
    while True:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            is_locked = lock(handle, wait)
            if WINDOWS or _is_at(file, handle):
                return handle, is_locked
        except BlockingIOError as error:
            os.lseek(handle, 1, os.SEEK_SET)
            owner = os.read(handle, OWNER_BYTES).decode("utf-8", "replace")
            os.close(handle)
            raise InUseError(owner) from error
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_at(file: Path, handle: int) -> bool:
    """Whether the open file is still the one of this name: its holder removes it before it is unlocked."""
    try:
        return os.path.samestat(file.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _give_back(file: Path, handle: int) -> None:
    try:
        if not WINDOWS:
            file.unlink(missing_ok=True)
    finally:
        os.close(handle)
    if WINDOWS:  # which removes no file that is open; one that waits has it open, and removes it
        with contextlib.suppress(PermissionError):
            file.unlink(missing_ok=True)
