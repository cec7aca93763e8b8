"""Addresses of recordings that are on another machine, as fsspec has them: s3://bucket/folder, hf://datasets/OWNER/NAME."""

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from esc_gpu.core.extras import require
from esc_gpu.errors import EscGpuError, first_line

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::|://)")  # of two letters or more: C:\ is a drive
WEB = ("http", "https")
# What a protocol needs beside fsspec, as it is imported.
NEEDED = {"http": "aiohttp", "https": "aiohttp", "hf": "huggingface_hub", "s3": "s3fs", "s3a": "s3fs"}


def is_remote(root: object) -> bool:
    """Whether `data.root` is an address and no folder."""
    return isinstance(root, str) and ADDRESS.match(root) is not None


def check_address(address: str) -> None:
    """Refuse an address that cannot be opened on this machine, or has a secret in it; nothing is asked for yet.

    Raises:
        EscGpuError: for a protocol that fsspec does not know, or whose package is missing, and for a password or a
            query in the address.
    """
    parts = urlsplit(address)
    if parts.password or (parts.scheme in WEB and parts.query):
        shown = f"{parts.scheme}://{parts.hostname}{parts.path}"
        raise EscGpuError(
            f"{shown}: the address has a password or a query; expected none, because a run keeps its address; give "
            "credentials as the environment variables or files of that storage"
        )
    require("fsspec", f"data.root {address}", ", or copy the recordings into a folder")
    if package := NEEDED.get(parts.scheme):
        require(package, f"data.root {address}", ", or copy the recordings into a folder")


def open_address(address: str) -> tuple["AbstractFileSystem", str]:
    """The file system of an address, and the folder in it; nothing is asked for yet.

    Raises:
        EscGpuError: as `check_address`, and where the file system refuses its settings.
    """
    check_address(address)
    from fsspec.core import url_to_fs

    try:
        files, folder = url_to_fs(address)
    except (ImportError, ValueError) as error:  # a package that is missing; a protocol or settings that are wrong
        raise EscGpuError(
            f"data.root {address}: {first_line(error)}; expected an address that fsspec opens, such as s3://, hf:// or "
            "https://; correct it"
        ) from error
    files.invalidate_cache()  # of listings: what is there now
    return files, folder
