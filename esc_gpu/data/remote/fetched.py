"""Which files of a remote folder are here: a line in a journal for each, so that none is fetched twice."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from esc_gpu.data.remote.journal import read_journal
from esc_gpu.data.remote.listing import RemoteFile


class Fetched:
    """The journal of a folder of copies.

    Args:
        file: the journal, with lines `[path, version, bytes on the disk]`. Where a line is broken, its file is fetched
            again.
        folder: of the copies.
    """

    def __init__(self, file: Path, folder: Path):
        self.file, self.folder = file, folder
        latest = {path: (version, size) for path, version, size in read_journal(file, 3)}
        self.known = {path: (version, size) for path, (version, size) in latest.items() if size >= 0}

    @contextmanager
    def noting(self) -> Iterator[IO[str]]:
        """The journal, open to be written to."""
        with open(self.file, "a", encoding="utf-8") as journal:
            if journal.tell():
                journal.write("\n")  # the end of a line that a power cut has broken
            yield journal

    def has(self, remote: RemoteFile) -> bool:
        """Whether this version of the file is here, with all its bytes."""
        version, size = self.known.get(remote.path, ("", -1))
        return version == remote.version and _size(self.folder / remote.path) == size

    def remove(self, path: str, journal: IO[str]) -> None:
        """Delete the copy of what is not there any more."""
        (self.folder / path).unlink(missing_ok=True)
        del self.known[path]
        journal.write(json.dumps([path, "", -1]) + "\n")

    def add(self, remote: RemoteFile, journal: IO[str]) -> None:
        """Note a file that has come."""
        self.known[remote.path] = remote.version, _size(self.folder / remote.path)
        journal.write(json.dumps([remote.path, *self.known[remote.path]]) + "\n")
        journal.flush()


def _size(path: Path) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return -1
