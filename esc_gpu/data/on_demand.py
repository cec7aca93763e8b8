"""Recordings of a remote folder that are fetched when they are decoded, and are not kept.

The store is known by the versions that the storage tells, so that it can be opened before anything has come.
"""

import errno
import hashlib
import itertools
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from esc_gpu.core.files import cache_error
from esc_gpu.core.lock import locked
from esc_gpu.core.progress import tqdm
from esc_gpu.data.clips.damaged_files import DamagedFileError
from esc_gpu.data.clips.decode import count_workers
from esc_gpu.data.clips.padding import recording_seconds
from esc_gpu.data.local_root import REMOTE
from esc_gpu.data.remote.address import is_remote
from esc_gpu.data.remote.coming import coming_folder, remove_left_folders
from esc_gpu.data.remote.contents import Content, Contents
from esc_gpu.data.remote.fetched import Fetched
from esc_gpu.data.remote.folder import RemoteFolder
from esc_gpu.data.remote.listing import THREADS, RemoteFile
from esc_gpu.data.remote.mirror import OPTION
from esc_gpu.data.remote.placeholders import read_listing
from esc_gpu.data.store.recording_files import (
    READING_VERSION,
    Fingerprint,
    LocalFiles,
    RecordingFiles,
    digest_file,
    unchanged,
)
from esc_gpu.errors import EscGpuError


@contextmanager
def recording_files(root: str | Path | None, cache: Path, keep_copy: bool) -> Iterator[RecordingFiles]:
    """How the recordings that `local_root` has made a folder of are read in the block.

    Args:
        root: what was given to `local_root`.
        cache: folder for what is fetched.
        keep_copy: as given to `local_root`.
    """
    if root is None or keep_copy or not is_remote(root):
        yield LocalFiles()
        return
    remote = RemoteFolder(str(root))
    place = cache / REMOTE / remote.key
    with ExitStack() as held:
        try:
            with locked(place / "lock"):  # nobody lists or copies meanwhile, or looks for what is left
                listed = read_listing(place)
                if listed:
                    remove_left_folders(place)
                    coming = held.enter_context(coming_folder(place))
        except OSError as error:
            raise cache_error(cache, error, OPTION) from error
        # Without a listing the recordings were extracted, or another command has copied them meanwhile.
        yield OnDemand(remote, place, listed, coming) if listed else LocalFiles()


class OnDemand:
    """The recordings of an address. A file that is empty here is fetched for each time that it is opened.

    Args:
        remote: where they are.
        place: folder of what is known of the address, with that of the recordings in it.
        listed: those there are.
        coming: folder for those that are being decoded.
    """

    def __init__(self, remote: RemoteFolder, place: Path, listed: Sequence[RemoteFile], coming: Path):
        self._remote, self._coming = remote, coming
        folder = place / remote.name
        self._files = {folder / file.path: file for file in listed}
        self._kept = Fetched(place / "fetched.jsonl", folder)
        self._contents = Contents(place / "contents.jsonl")
        self._local, self._numbers = LocalFiles(), itertools.count()
        self._lock = threading.Lock()
        self._turns: threading.Semaphore | None = None  # of threads that may fetch, once there is a connection

    def digest(self, path: Path) -> Fingerprint:
        """By its address, its path there and its version, which other files elsewhere may have, too."""
        file = self._file(path)
        digest = hashlib.blake2b(f"{self._remote.key}\n{file.path}\n{file.version}".encode()).hexdigest()
        return Fingerprint(f"{digest}-{READING_VERSION}", ())

    @contextmanager
    def opened(self, path: Path, fingerprint: Fingerprint) -> Iterator[Path]:
        """The recording, where there is no copy of it under another name until the block ends.

        Raises:
            EscGpuError: from an OSError where it cannot be fetched, which is no damage of it.
        """
        file = self._file(path)
        if self._kept.has(file):
            with unchanged(path, self._local.digest(path)):
                yield path
            self._note(file, path)
            return
        target = self._coming / f"{next(self._numbers)}{path.suffix}"
        self._fetch(file, target)
        try:
            yield target
            self._note(file, target)
        except DamagedFileError as error:
            raise DamagedFileError(path, error.what) from error.__cause__
        finally:
            target.unlink(missing_ok=True)

    def contents(self, paths: Sequence[Path], progress: bool) -> list[str]:
        """As they were noted; those that were not are fetched."""
        if self._unknown(paths):
            self._contents = Contents(self._contents.file)  # another process may have learnt of them meanwhile
        if unknown := self._unknown(paths):
            with ThreadPoolExecutor(THREADS) as pool:
                for _ in tqdm(pool.map(self._learn, unknown), "fetch", len(unknown), unit="file", disable=not progress):
                    pass
        return [self._content(path).digest for path in paths]

    def _unknown(self, paths: Sequence[Path]) -> list[Path]:
        return [path for path in paths if self._contents.of(self._file(path)) is None]

    def seconds(self, path: Path) -> float:
        return self._content(path).seconds

    def workers(self, workers: int | None) -> int | None:
        """As many as may wait for files at once."""
        return max(count_workers(None), THREADS) if workers is None else workers

    def _content(self, path: Path) -> Content:
        content = self._contents.of(self._file(path))
        if content is None:
            raise KeyError(path)
        return content

    def _file(self, path: Path) -> RemoteFile:
        if path not in self._files:
            raise EscGpuError(
                f"{path}: is no longer at {self._remote.address}; expected the same recordings until the store is "
                "complete; start again"
            ) from OSError(errno.ENOENT, "gone")  # which is no damage of the recording
        return self._files[path]

    def _learn(self, path: Path) -> None:
        with self.opened(path, self.digest(path)):
            pass

    def _note(self, file: RemoteFile, here: Path) -> None:
        if self._contents.of(file) is None:
            self._contents.add(file, Content(digest_file(here).digest, recording_seconds(here)))

    def _fetch(self, file: RemoteFile, target: Path) -> None:
        try:
            with self._lock:
                if self._turns is None:
                    self._remote.connect()
                    self._turns = threading.Semaphore(self._remote.threads)
            with self._turns:
                self._remote.fetch(file, target)
        except EscGpuError as error:
            raise EscGpuError(str(error)) from OSError(errno.EIO, str(error))
