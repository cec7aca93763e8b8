"""From what `data.root` names to a folder of regular files.

A remote folder is copied, or what is new in it since the last start. Of a data set in Parquet or Arrow files, here or
there, the recordings are extracted from the rows.
"""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from esc_gpu.core.files import cache_error, read_json, remove_leftovers, write_json
from esc_gpu.core.lock import locked
from esc_gpu.core.names import composed
from esc_gpu.data.embedded.extract import extract, extracted_files, remove_extracted
from esc_gpu.data.embedded.shards import is_shard
from esc_gpu.data.embedded.source import CARD, LocalSource, RemoteSource, holds_data_set
from esc_gpu.data.recordings.table import table_rows
from esc_gpu.data.remote.address import is_remote
from esc_gpu.data.remote.attempts import UnreachableError
from esc_gpu.data.remote.coming import remove_left_folders
from esc_gpu.data.remote.folder import RemoteFolder
from esc_gpu.data.remote.mirror import OPTION, is_recording, is_wanted, remove_copies, remove_unlisted, update_copy
from esc_gpu.data.remote.placeholders import check_versions, list_on_demand, put_placeholders
from esc_gpu.errors import EscGpuError

REMOTE, EXTRACTED = "remote", "extracted"  # folders in that of the cache


def local_root(
    root: str | Path | None,
    cache: Path,
    *,
    table: str | Path | None = None,
    progress: bool = True,
    announce: Callable[[str], None] = lambda line: None,
    keep_copy: bool = True,
) -> str | Path | None:
    """The folder of the recordings that `root` names, for `read_recordings`; a folder of audio files is given as it is.

    Args:
        root: a folder, or an address that fsspec opens.
        cache: folder in which copies and extracted recordings are kept.
        table: a csv of the user's; of a remote folder only the recordings that it lists are copied then.
        progress: whether to show bars.
        announce: is told what was copied or extracted.
        keep_copy: whether audio files of a remote folder are copied; otherwise they are empty, and
            `esc_gpu.data.on_demand.recording_files` fetches them.

    Raises:
        EscGpuError: as `RemoteFolder`, `update_copy` and `extract`; for a remote folder without recordings, and where
            the cache cannot be written.
    """
    if root is None:
        return None
    if is_remote(root):
        return _copy(RemoteFolder(str(root)), cache, table, progress, announce, keep_copy)
    folder = Path(os.path.expanduser(root))
    if not folder.is_dir() or not holds_data_set(folder):
        return root
    place = folder.resolve()
    digest = hashlib.blake2b(os.fsencode(place), digest_size=6).hexdigest()
    return extract(LocalSource(folder), cache / EXTRACTED / digest, place.name or "files", progress, announce)


def _copy(
    remote: RemoteFolder,
    cache: Path,
    table: str | Path | None,
    progress: bool,
    announce: Callable[[str], None],
    keep_copy: bool,
) -> Path:
    """List the remote folder and fetch what is new there or has changed.

    Where it does not answer, and all had come before, what is here is used; what came of a table is not all without
    it. Several processes may call at once.
    """
    place = cache / REMOTE / remote.key
    folder, complete = place / remote.name, place / "complete.json"
    paths = None if table is None else {composed(row.path) for row in table_rows(Path(os.path.expanduser(table)))}

    def is_file(path: str) -> bool:
        return is_wanted(path) if paths is None else composed(path) in paths

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(place / "lock"):
            done = read_json(complete) if complete.exists() else {}
            is_whole = bool(done) and (paths is not None or not done.get("of_table"))
            is_whole = is_whole and done.get("is_kept", True) >= keep_copy
            has_audio = False  # there, whether a table lists it or not

            def is_asked_for(path: str) -> bool:
                nonlocal has_audio
                has_audio = has_audio or is_recording(path)
                return is_file(path) or is_shard(path) or path == CARD

            try:
                listed = remote.list(is_asked_for, waits_s=(0.0,) if is_whole else None)
            except UnreachableError as error:
                if not is_whole:
                    raise
                what = f"copy of {done['date']} in {folder}" if keep_copy else f"listing of {done['date']}"
                announce(f"{error}. Until then, the {what} is used.")
                return folder
            files = [file for file in listed if is_file(file.path)]
            shards = [file for file in listed if is_shard(file.path) or file.path == CARD]
            recordings = [file for file in files if is_recording(file.path)]
            about = {"address": remote.address, "date": time.strftime("%Y-%m-%d"), "of_table": False, "is_kept": True}
            if not recordings and (has_audio or not any(is_shard(file.path) for file in shards)):
                raise EscGpuError(
                    f"{remote.address}: has no recordings{' of the table' * (table is not None)}; expected audio "
                    "files, or Parquet files with audio, in folders that can be listed; correct data.root"
                )
            if not keep_copy:
                check_versions(remote, recordings)
            complete.unlink(missing_ok=True)  # from here on something may change
            remove_left_folders(place)
            remove_leftovers(place)
            if recordings:
                about |= {"of_table": table is not None, "is_kept": keep_copy}
                extracted = extracted_files(place)
                if not is_whole:  # a start may have been killed
                    remove_unlisted(folder, {file.path for file in files} | extracted, is_file)
                if keep_copy:
                    put_placeholders(place, folder, [], is_file)
                    update_copy(remote, files, is_file, place, progress, announce)
                else:
                    list_on_demand(remote, files, recordings, is_file, place, progress, announce)
                if extracted:  # there are files now in the place of rows
                    remove_extracted(place, folder, {file.path for file in files})
            else:
                extract(RemoteSource(remote, shards, place), place, remote.name, progress, announce)
                put_placeholders(place, folder, [], lambda path: True)  # of files, in whose place there are rows now
                remove_copies(place, folder, extracted_files(place))
            write_json(complete, about)
            return folder
    except OSError as error:
        raise cache_error(cache, error, OPTION) from error
