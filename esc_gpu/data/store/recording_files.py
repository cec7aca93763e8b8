"""The files that a store is made of: by which hash it is known, and that they stay the same until it is made."""

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

from esc_gpu.data.clips.damaged_files import DamagedFileError
from esc_gpu.data.clips.padding import recording_seconds
from esc_gpu.data.clips.regular_file import check_file, open_regular
from esc_gpu.errors import EscGpuError

# What begins like this gives the samples that it has always given. All else (MP3, Ogg, CAF, RF64, ...) has been read in
# another way or refused since; a number in its hash keeps it from stores of before. Raise that as FORMAT_VERSION.
ALWAYS_THE_SAME = (b"RIFF", b"RIFX", b"riff", b"FORM", b".snd", b"fLaC")
READING_VERSION = 2


class Fingerprint(NamedTuple):
    """Hash of an audio file, and by what it is seen that its bytes are others now."""

    digest: str
    status: tuple[int, ...]


class RecordingFiles(Protocol):
    """How the recordings of a data set are read."""

    def digest(self, path: Path) -> Fingerprint:
        """By what a store knows the recording."""

    def opened(self, path: Path, fingerprint: Fingerprint) -> AbstractContextManager[Path]:
        """A file to be decoded in the block, with the bytes that the fingerprint is of."""

    def contents(self, paths: Sequence[Path], progress: bool) -> list[str]:
        """Hashes of the bytes of recordings; asked for when these are decoded."""

    def seconds(self, path: Path) -> float:
        """Length of a recording that is decoded."""

    def workers(self, workers: int | None) -> int | None:
        """How many threads are to decode, if the user has named so many."""


class LocalFiles:
    """Recordings on a disk of this machine. Each is hashed once, however often it is asked for."""

    def __init__(self) -> None:
        self.digest = cache(digest_file)

    def opened(self, path: Path, fingerprint: Fingerprint) -> AbstractContextManager[Path]:
        return unchanged(path, fingerprint)

    def contents(self, paths: Sequence[Path], progress: bool) -> list[str]:
        return [self.digest(path).digest for path in paths]

    def seconds(self, path: Path) -> float:
        return recording_seconds(path)

    def workers(self, workers: int | None) -> int | None:
        return workers


def digest_file(path: Path) -> Fingerprint:
    """Hash of the bytes of an audio file, and its size and time before they were read.

    Raises:
        EscGpuError: for what cannot be read, is no regular file, or is empty.
    """
    check_file(path)
    try:
        status = _status_of(path)
        with open_regular(path) as file:
            is_same = file.read(4) in ALWAYS_THE_SAME
            file.seek(0)
            digest = hashlib.file_digest(file, "blake2b").hexdigest()
            return Fingerprint(digest if is_same else f"{digest}-{READING_VERSION}", status)
    except OSError as error:
        raise DamagedFileError(path, f"{error.strerror or error}; expected an audio file") from error


@contextmanager
def unchanged(path: Path, fingerprint: Fingerprint) -> Iterator[Path]:
    """The file that was hashed: what is there when the block ends may be another.

    Raises:
        EscGpuError: from an OSError where the file has changed since, which is no damage of it.
    """
    try:
        yield path
    finally:
        try:
            is_same = _status_of(path) == fingerprint.status
        except OSError:
            is_same = False
        if not is_same:
            raise EscGpuError(
                f"{path}: has changed since it was hashed; expected an unchanged file until the store is complete; "
                "start again when no program writes to it"
            ) from OSError(errno.EBUSY, "changed")


def _status_of(path: Path) -> tuple[int, ...]:
    """Which file it is, its size and the time of its last change."""
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
