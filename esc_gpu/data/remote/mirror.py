"""A local copy of a remote folder of recordings: regular files, which are decoded as all others.

The copy is `CACHE/remote/HASH/NAME`. Beside it, `fetched.jsonl` has a line for each file that has come.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from esc_gpu.core.files import remove_leftovers
from esc_gpu.core.names import composed
from esc_gpu.core.progress import tqdm
from esc_gpu.data.recordings.audio_files import is_audio
from esc_gpu.data.remote.fetched import Fetched
from esc_gpu.data.remote.folder import RemoteFolder
from esc_gpu.data.remote.listing import RemoteFile
from esc_gpu.errors import EscGpuError

TABLES = (".csv", ".txt", ".json")  # of layouts, by their suffix
SPARE_BYTES = 64 << 20  # left free on the disk
AT_ONCE = 1000  # files that are given to the threads before some are noted
OPTION = "--data.cache_dir, or --cache-dir of esc-gpu features, embed and probe"


def is_recording(path: str) -> bool:
    """Whether a file at an address is a recording, by its name."""
    return is_audio(path.rpartition("/")[2])


def is_wanted(path: str) -> bool:
    """Whether a file is a recording, or may be a table of them."""
    return is_recording(path) or path.lower().endswith(TABLES)


def update_copy(
    remote: RemoteFolder,
    listed: Sequence[RemoteFile],
    wanted: Callable[[str], bool],
    place: Path,
    progress: bool,
    announce: Callable[[str], None],
) -> None:
    """Make the copy in `place` of what is listed. Nobody else may do so meanwhile; what was interrupted goes on.

    Args:
        remote: where the files are.
        listed: those there are now.
        wanted: what was looked for; what is here of that and not there any more is removed.
        place: the folder for copy and journal.
        progress: whether to show a bar, in bytes.
        announce: is told how many files have come.

    Raises:
        EscGpuError: as `RemoteFolder.fetch`, and where the disk has no room.
    """
    fetched = Fetched(place / "fetched.jsonl", place / remote.name)
    gone = {path for path in fetched.known if wanted(path)} - {file.path for file in listed}
    missing = [file for file in listed if not fetched.has(file)]
    check_room(fetched.folder, missing)
    for folder in {(fetched.folder / file.path).parent for file in missing}:
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
    total = sum(file.size or 0 for file in listed)
    done = total - sum(file.size or 0 for file in missing)
    with (
        fetched.noting() as note,
        tqdm(total=total, initial=done, desc="fetch", unit="B", unit_scale=True, disable=not progress) as bar,
    ):
        for path in gone:
            fetched.remove(path, note)
        for start in range(0, len(missing), AT_ONCE):
            for file in _fetch(remote, missing[start : start + AT_ONCE], fetched.folder):
                fetched.add(file, note)
                bar.update(file.size or 0)
    announce(
        f"{remote.address} is copied to {fetched.folder}: {len(listed)} files, of which {len(missing)} were fetched "
        "now."
    )


def remove_copies(place: Path, folder: Path, others: Set[str]) -> None:
    """Remove the copies of files, but `others`."""
    fetched = Fetched(place / "fetched.jsonl", folder)
    if gone := {*fetched.known} - others:
        with fetched.noting() as note:
            for path in gone:
                fetched.remove(path, note)


def remove_unlisted(folder: Path, listed: Set[str], wanted: Callable[[str], bool]) -> None:
    """Remove what is not there any more, whatever the journal says, which a killed process did not end.

    Args:
        folder: of the copies.
        listed: paths of what stays.
        wanted: what was looked for; what else is in the folder stays, too.
    """
    there = set(map(composed, listed))
    for inside, _, names in os.walk(folder):
        for name in names:
            path = (Path(inside) / name).relative_to(folder).as_posix()
            if wanted(path) and composed(path) not in there:
                Path(inside, name).unlink()


def _fetch(remote: RemoteFolder, files: Sequence[RemoteFile], folder: Path) -> Iterator[RemoteFile]:
    """Each file when it has come. After an error those that have come in the meantime are given, too."""
    with ThreadPoolExecutor(remote.threads) as pool:
        coming = {pool.submit(remote.fetch, file, folder / file.path): file for file in files}
        try:
            for future in as_completed(coming):
                future.result()
                yield coming.pop(future)
        except GeneratorExit:  # nobody takes them any more
            pool.shutdown(cancel_futures=True)
            raise
        except BaseException:
            pool.shutdown(cancel_futures=True)
            for future, file in coming.items():
                if not future.cancelled() and future.exception() is None:
                    yield file
            raise


def check_room(folder: Path, files: Sequence[RemoteFile]) -> None:
    """Refuse to begin where the disk has no room for the files.

    Raises:
        EscGpuError: how much there is, and how much is needed.
    """
    free, needed = shutil.disk_usage(folder).free, sum(file.size or 0 for file in files) + SPARE_BYTES
    if free < needed:
        raise EscGpuError(
            f"cache folder {folder}: {free / 1e6:.0f} MB free; expected {needed / 1e6:.0f} MB for the recordings; free "
            f"some disk space or choose another folder with {OPTION}"
        )
