"""Recordings of a remote folder that are fetched when they are decoded, and are not kept.

The store is known by the versions that the storage tells, so that it can be opened before anything has come.
"""

import errno
import hashlib
import itertools
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from esc_gpu.core.lock import InUseError, locked
from esc_gpu.core.progress import tqdm
from esc_gpu.data.clips.damaged_files import DamagedFileError
from esc_gpu.data.clips.decode import count_workers
from esc_gpu.data.clips.padding import recording_seconds
from esc_gpu.data.local_root import REMOTE
from esc_gpu.data.remote.address import is_remote
from esc_gpu.data.remote.contents import Content, Contents
from esc_gpu.data.remote.fetched import Fetched
from esc_gpu.data.remote.folder import RemoteFolder
from esc_gpu.data.remote.listing import THREADS, RemoteFile
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

COMING = "coming-"  # begins the name of a process's folder for what it is decoding


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
    listed = read_listing(place)
    if not listed:  # recordings that were extracted
        yield LocalFiles()
        return
    with ExitStack() as held:
        with locked(place / "lock"):  # nobody else looks for leftovers meanwhile
            _remove_leftovers(place)
            coming = held.enter_context(tempfile.TemporaryDirectory(prefix=COMING, dir=place))
            held.enter_context(locked(Path(coming) / "lock"))
        yield OnDemand(remote, place, listed, Path(coming))


def _remove_leftovers(place: Path) -> None:
    """Of processes that were killed: nobody holds the lock in their folder."""
    for folder in place.glob(f"{COMING}*"):
        try:
            with locked(folder / "lock", wait=False) as is_locked:
                is_left = is_locked
            if is_left:
                shutil.rmtree(folder)
        except (InUseError, FileNotFoundError):  # of one that is at work, or ends at this moment
            continue


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
        """By its path and its version at the address."""
        file = self._file(path)
        digest = hashlib.blake2b(f"{file.path}\n{file.version}".encode()).hexdigest()
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
        unknown = [path for path in paths if self._contents.of(self._file(path)) is None]
        if unknown:
            with ThreadPoolExecutor(THREADS) as pool:
                for _ in tqdm(pool.map(self._learn, unknown), "fetch", len(unknown), unit="file", disable=not progress):
                    pass
        return [self._content(path).digest for path in paths]

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
        try:
            return self._files[path]
        except KeyError:
            raise EscGpuError(
                f"{path}: is no longer at {self._remote.address}; expected the same recordings until the store is "
                "complete; start again"
            ) from None

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
