"""Where the files of a data set are: in a folder here, or in a remote one, from which they come one at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from esc_gpu.data.embedded.shards import is_shard
from esc_gpu.data.recordings.audio_files import is_audio, is_visible
from esc_gpu.data.remote.folder import RemoteFolder
from esc_gpu.data.remote.listing import RemoteFile

CARD = "README.md"  # of a repository, whose head may name the classes


class Source(Protocol):
    """The folder of a data set.

    Attributes:
        root: its path or address.
        copies: whether `opened` copies a file to this disk.
    """

    root: str
    copies: bool

    def files(self) -> list[RemoteFile]: ...  # Parquet, Arrow and the card

    @contextmanager
    def opened(self, file: RemoteFile) -> Iterator[Path]: ...  # a regular file, in the block


class LocalSource:
    """A folder on this disk."""

    copies = False

    def __init__(self, folder: Path):
        self.root, self.folder = str(folder), folder

    def files(self) -> list[RemoteFile]:
        """Those in and below the folder, and the card."""
        found = []
        for path in [*_shards_in(self.folder), self.folder / CARD]:
            if path.is_file():
                status = path.stat()
                version = f"{status.st_size} {status.st_mtime_ns}"
                inside = path.relative_to(self.folder).as_posix()
                found.append(RemoteFile(inside, str(path), status.st_size, version, {}))
        return found

    @contextmanager
    def opened(self, file: RemoteFile) -> Iterator[Path]:
        """The file itself."""
        yield self.folder / file.path


class RemoteSource:
    """A remote folder; a file is there while it is open only."""

    copies = True

    def __init__(self, remote: RemoteFolder, files: list[RemoteFile], place: Path):
        self.root, self._remote, self._files, self._place = remote.address, remote, files, place

    def files(self) -> list[RemoteFile]:
        """What was listed."""
        return self._files

    @contextmanager
    def opened(self, file: RemoteFile) -> Iterator[Path]:
        """A copy, which is deleted at the end."""
        copy = self._place / f"fetched{os.path.splitext(file.path)[1]}"
        try:
            self._remote.fetch(file, copy)
            yield copy
        finally:
            copy.unlink(missing_ok=True)


def holds_data_set(folder: Path) -> bool:
    """Whether the recordings of a folder are in the rows of such files, with no audio file beside them."""
    found = False
    for _, names in _walk(folder):
        if any(map(is_audio, names)):
            return False
        found = found or any(map(is_shard, names))
    return found


def rows_in(folder: Path) -> list[Path]:
    """The files of a data set whose rows have the recordings of a folder; none where those are files of audio."""
    return _shards_in(folder) if holds_data_set(folder) else []


def _shards_in(folder: Path) -> list[Path]:
    """The Parquet and Arrow files in and below a folder, sorted."""
    return sorted(Path(inside, name) for inside, names in _walk(folder) for name in names if is_shard(name))


def _walk(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Folders that are not hidden, and links to such, with their files; each once, because a link may lead up."""
    seen = set[str]()
    for inside, folders, names in os.walk(folder, followlinks=True):
        if (place := os.path.realpath(inside)) in seen:
            folders.clear()
            continue
        seen.add(place)
        folders[:] = filter(is_visible, folders)
        yield inside, names
