"""What is known of recordings that have come and were not kept: a line in a journal for each."""

import json
import threading
from pathlib import Path
from typing import NamedTuple

from esc_gpu.data.remote.journal import read_journal
from esc_gpu.data.remote.listing import RemoteFile


class Content(NamedTuple):
    """Hash of a recording's bytes, and its length in seconds."""

    digest: str
    seconds: float


class Contents:
    """The journal of an address.

    Args:
        file: with lines `[path, version, digest, seconds]`.
    """

    def __init__(self, file: Path):
        self.file = file
        self._known = {
            (path, version): Content(digest, seconds) for path, version, digest, seconds in read_journal(file, 4)
        }
        self._lock = threading.Lock()

    def of(self, remote: RemoteFile) -> Content | None:
        """That of this version of a recording; None if it has never come."""
        return self._known.get((remote.path, remote.version))

    def add(self, remote: RemoteFile, content: Content) -> None:
        """Note a recording that has come; several threads and processes may do so."""
        line = json.dumps([remote.path, remote.version, *content])
        with self._lock, open(self.file, "a", encoding="utf-8") as journal:
            journal.write(f"\n{line}\n")  # a line of its own, whatever a power cut has left
        self._known[remote.path, remote.version] = content
