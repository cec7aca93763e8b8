"""What a remote folder has in it, and by what it is seen that a file is another one now."""

import html
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from esc_gpu.core.names import control_character
from esc_gpu.data.recordings.audio_files import is_visible
from esc_gpu.data.remote.address import WEB, refusing_mistakes
from esc_gpu.data.remote.attempts import attempt
from esc_gpu.errors import EscGpuError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

MOST_LEVELS = 12  # a web page may link to itself, ever deeper
THREADS = 8  # files that are asked for at once
REFUSED = {*'<>:"|?*'} if os.name == "nt" else set[str]()  # in names; a colon would begin a stream beside the file
SAFE = {"hf", "file", "memory"}  # protocols without an event loop that several threads may use
# What names the content of a file; where there is nothing of that kind, its time of change does.
VERSIONS = ("ETag", "etag", "md5Hash", "Content-MD5", "content_md5", "blob_id")
TIMES = ("mtime", "LastModified", "last_modified", "Last-Modified", "modified", "modify", "updated", "created")


@dataclass(frozen=True)
class RemoteFile:
    """A file in a remote folder.

    Attributes:
        path: from that folder on, with slashes.
        name: by which its file system knows it.
        size: bytes; None where that is not told.
        version: another text where the file is another one.
        info: all that the file system says.
    """

    path: str
    name: str
    size: int | None
    version: str
    info: dict[str, Any]

    @property
    def is_versioned(self) -> bool:
        """Whether the version is more than the size."""
        return not self.version.endswith(" ")


def list_files(
    files: "AbstractFileSystem",
    folder: str,
    address: str,
    wanted: Callable[[str], bool],
    waits_s: tuple[float, ...] | None,
) -> list[RemoteFile]:
    """The wanted files in and below a folder, by their paths; hidden ones are left out.

    Raises:
        EscGpuError: as `attempt`, for an address that the file system cannot take, and for a path that leads out of the
            folder.
    """
    found = {path: info for path, info in _walk(files, folder, address, waits_s) if wanted(path)}

    def describe(path: str) -> RemoteFile:
        info = found[path]
        _check_path(address, path)
        if info.get("size") is None:  # web servers list names only
            info |= attempt(address, lambda: files.info(info["name"]), waits_s)
        version = next((str(info[key]) for key in (*VERSIONS, *TIMES) if info.get(key) is not None), "")
        return RemoteFile(path, info["name"], info.get("size"), f"{info.get('size')} {version}", info)

    with ThreadPoolExecutor(threads_of(files)) as pool:
        return list(pool.map(describe, sorted(found)))


def threads_of(files: "AbstractFileSystem") -> int:
    """How many threads may use the file system at once: of those without an event loop, not all can."""
    return THREADS if files.async_impl or SAFE & {*_protocols(files)} else 1


def _walk(
    files: "AbstractFileSystem", root: str, address: str, waits_s: tuple[float, ...] | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and description of each file. Unlike fsspec's own walk, a folder that cannot be read ends it."""
    is_web = not set(WEB).isdisjoint(_protocols(files))
    folders = [(root.rstrip("/"), "", 0)]
    while folders:
        folder, above, level = folders.pop()
        with refusing_mistakes(address):
            infos = attempt(address, lambda: files.ls(folder + "/" * is_web, detail=True), waits_s)  # noqa: B023
        for info in infos:
            name = str(info["name"]).rstrip("/")
            inside = name.removeprefix(f"{folder}/") if name.startswith(f"{folder}/") else name.rpartition("/")[2]
            if name == folder or not inside:
                continue  # what stands for the folder itself in object storage
            if is_web:
                inside = unquote(html.unescape(inside)).removeprefix("./")
                if ".." in inside.split("/"):
                    continue  # a link to elsewhere
            path = above + inside
            if any(not is_visible(part) and part not in ("..", ".") for part in path.split("/")):
                continue
            if info["type"] == "directory":
                if level < MOST_LEVELS or not is_web:
                    folders.append((name, f"{path}/", level + 1))
            elif info["type"] == "file":
                yield path, dict(info)


def _protocols(files: "AbstractFileSystem") -> tuple[str, ...]:
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)


def _check_path(address: str, path: str) -> None:
    is_out = bool({"", ".", ".."} & {*path.split("/")}) or "\\" in path or bool(PureWindowsPath(path).drive)
    if is_out or control_character(path) or REFUSED & {*path}:
        raise EscGpuError(f"{address}: a file is called {path!r}; expected a path inside the folder; rename it there")
