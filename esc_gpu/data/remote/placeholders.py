"""Empty files in the places of recordings that are not kept here: layouts read a folder of them as one of recordings.

Beside the folder, `listing.jsonl` has a line for each, with all that is needed to fetch it.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from esc_gpu.core.files import write_text
from esc_gpu.data.remote.attempts import FULL
from esc_gpu.data.remote.checksum import HASHES
from esc_gpu.data.remote.fetched import Fetched
from esc_gpu.data.remote.folder import RemoteFolder, not_taken
from esc_gpu.data.remote.listing import RemoteFile
from esc_gpu.data.remote.mirror import update_copy
from esc_gpu.errors import EscGpuError

LISTING = "listing.jsonl"


def list_on_demand(
    remote: RemoteFolder,
    listed: Sequence[RemoteFile],
    recordings: Sequence[RemoteFile],
    wanted: Callable[[str], bool],
    place: Path,
    progress: bool,
    announce: Callable[[str], None],
) -> None:
    """Copy what is listed besides the recordings, and make placeholders for these; copies that are here stay.

    Other arguments and errors are those of `update_copy`.

    Raises:
        EscGpuError: for a recording that this disk does not take.
    """
    folder = place / remote.name
    kept = Fetched(place / "fetched.jsonl", folder)
    names = {file.path for file in recordings}
    here = [file for file in listed if file.path not in names or kept.has(file)]
    update_copy(remote, here, wanted, place, progress, lambda line: None)
    try:
        put_placeholders(place, folder, recordings, wanted)
    except OSError as error:
        if error.errno in FULL or error.filename is None:
            raise
        raise not_taken(error.filename, error, remote.address) from error
    announce(
        f"{remote.address} has {len(recordings)} recordings. Each is fetched when it is decoded, and no copy of it is "
        "kept."
    )


def check_versions(remote: RemoteFolder, recordings: Sequence[RemoteFile]) -> None:
    """Refuse recordings that are known by their size alone: whether they have changed could not be seen.

    Raises:
        EscGpuError: for the first of them.
    """
    for file in recordings:
        if not file.is_versioned:
            raise EscGpuError(
                f"{remote.address}: the storage tells neither hash nor time of {file.path}; expected one of them, to "
                "know when the recording has changed; keep a copy with --data.keep_copy true"
            )


def put_placeholders(
    place: Path, folder: Path, recordings: Sequence[RemoteFile], wanted: Callable[[str], bool]
) -> None:
    """Make those that are missing, remove those of recordings that are not there any more, and write the listing.

    A file that has bytes stays as it is.

    Args:
        place: the folder for the listing.
        folder: of the recordings.
        recordings: those there are.
        wanted: what was looked for; what else is in the listing stays in it.
    """
    there = {file.path for file in recordings}
    others = [file for file in read_listing(place) if file.path not in there]
    for file in others:
        if wanted(file.path) and _is_empty(folder / file.path):
            (folder / file.path).unlink()
    for parent in {(folder / path).parent for path in there}:
        parent.mkdir(parents=True, exist_ok=True)
    for path in there:
        with open(folder / path, "ab"):  # which leaves the time of one that has bytes as it is
            pass
    lines = [_line(file) for file in (*recordings, *(file for file in others if not wanted(file.path)))]
    if lines:
        write_text(place / LISTING, "".join(lines))
    else:
        (place / LISTING).unlink(missing_ok=True)


def read_listing(place: Path) -> list[RemoteFile]:
    """The recordings that were there at the last start; none where copies are kept."""
    if not (place / LISTING).exists():
        return []
    with open(place / LISTING, encoding="utf-8") as lines:
        return [RemoteFile(*json.loads(line)) for line in lines]


def _line(file: RemoteFile) -> str:
    info = {name: file.info[name] for name in HASHES if name in file.info}
    return json.dumps([file.path, file.name, file.size, file.version, info]) + "\n"


def _is_empty(path: Path) -> bool:
    return path.is_file() and not path.stat().st_size
