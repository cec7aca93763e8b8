"""Addresses of recordings that are on another machine, as fsspec has them: s3://bucket/folder, hf://datasets/OWNER/NAME."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from esc_gpu.core.extras import require
from esc_gpu.data.remote.attempts import attempt
from esc_gpu.errors import EscGpuError, first_line

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::|://)")  # of two letters or more: C:\ is a drive
WEB = ("http", "https")
LINKS = re.compile(r"::(?=[A-Za-z][A-Za-z0-9+.-]*(?:://|::|$))")  # between those of a chain
# Files, archives and caches, which know no users.
PATHS = (
    *("file", "local", "memory", "dir", "zip", "tar", "libarchive", "reference"),
    *("simplecache", "filecache", "blockcache"),
)
VERSIONED = ("git", "github", "gist")  # OWNER:REPOSITORY@VERSION
BUCKETS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci")  # without ports
PASSWORD = re.compile(r"[^/@:]*:(?!\d+(?:/|$))[^@]*@")  # of a user; digits are a port
KEY = re.compile(r"(?!arn:)[^/@:]*:[^@]*@")
# What a protocol needs beside fsspec, as it is imported.
NEEDED = {"http": "aiohttp", "https": "aiohttp", "hf": "huggingface_hub", "s3": "s3fs", "s3a": "s3fs"}


def is_remote(root: object) -> bool:
    """Whether `data.root` is an address and no folder."""
    return isinstance(root, str) and ADDRESS.match(root) is not None


def check_address(address: str) -> None:
    """Refuse an address that cannot be opened on this machine, or has a secret in it; nothing is asked for yet.

    Raises:
        EscGpuError: for a package that is missing, what is no address, and a password or a query in it.
    """
    subject, needed = f"data.root {address}", ["fsspec"]
    links = LINKS.split(address)  # as zip::https://host/x.zip
    for link in links:
        if _has_secret(link):
            raise _secret(link)
    for link in links:
        with refusing_mistakes(address):
            protocol = urlsplit(link).scheme
        needed += [NEEDED[protocol]] if protocol in NEEDED else []
    for package in needed:
        require(package, subject, ", or copy the recordings into a folder")


def _has_secret(link: str) -> bool:
    """Whether there is a password, a key or a query in it; a user's name for a web server is taken for one."""
    protocol, _, rest = link.partition("://")
    protocol = protocol.lower()
    if protocol in PATHS:
        return False
    if "?" in rest and (protocol in WEB or "=" in rest.partition("?")[2]):
        return True
    if protocol in VERSIONED:
        return False
    if protocol in WEB and "@" in rest.partition("/")[0]:
        return True
    return (KEY if protocol in BUCKETS else PASSWORD).match(rest) is not None


def _secret(link: str) -> EscGpuError:
    """What to say of it; of what may go on in the path, and of what is no address, only the protocol is repeated."""
    shown = f"{link.partition('://')[0]}://"
    with suppress(ValueError):
        parts = urlsplit(link)
        if "@" not in f"{parts.path}{parts.query}{parts.fragment}":
            shown += f"{parts.hostname or ''}{parts.path}"
    return EscGpuError(
        f"{shown}: the address has a password or a query; expected none, because a run keeps its address; give "
        "credentials as the environment variables or files of that storage"
    )


def open_address(address: str, waits_s: tuple[float, ...] | None = None) -> tuple["AbstractFileSystem", str]:
    """The file system of an address, and the folder in it; some file systems make a connection for it.

    Raises:
        EscGpuError: as `check_address` and `attempt`, and where the file system refuses its settings.
    """
    check_address(address)
    from fsspec.core import url_to_fs

    with refusing_mistakes(address):
        files, folder = attempt(address, lambda: url_to_fs(address), waits_s)
    files.invalidate_cache()  # of listings: what is there now
    return files, folder


@contextmanager
def refusing_mistakes(address: str) -> Iterator[None]:
    """What a file system says of an address that it cannot take is an EscGpuError.

    Those are a package that is missing, a protocol that is not known or cannot list, a part that is missing, and names
    that are none to it.
    """
    try:
        yield
    except EscGpuError:
        raise
    except (ImportError, NotImplementedError, TypeError, ValueError) as error:
        raise EscGpuError(
            f"data.root {address}: {first_line(error)}; expected an address that fsspec opens, such as "
            "s3://bucket/folder, hf://datasets/OWNER/NAME or https://host/folder; correct it"
        ) from error
