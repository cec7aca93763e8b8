"""A folder on another machine: what is in it, and its files one by one."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from esc_gpu.core.files import replacing
from esc_gpu.data.remote.address import check_address, open_address
from esc_gpu.data.remote.attempts import FULL, attempt
from esc_gpu.data.remote.checksum import check_content
from esc_gpu.data.remote.listing import RemoteFile, list_files, threads_of
from esc_gpu.errors import EscGpuError

# What lies beside the folder of an address: locks, journals, and steps of an extraction.
BESIDE = re.compile(r"lock|steps|fetched\..*|.*\.jsonl?", re.IGNORECASE)


class RemoteFolder:
    """The folder of an address.

    Args:
        address: with a protocol, such as `s3://bucket/folder`.

    Attributes:
        name: what it is called here.
        threads: how many files may be fetched at once, once it was listed or connected to.

    Raises:
        EscGpuError: as `check_address`.
    """

    def __init__(self, address: str):
        self.address = address.rstrip("/")
        check_address(self.address)

    @property
    def threads(self) -> int:
        return threads_of(self._files)

    @property
    def name(self) -> str:
        """The last part of the address, as far as any disk takes it and nothing beside the folder is called so."""
        name = re.sub(r"[^\w.-]", "_", self.address.rpartition("/")[2], flags=re.ASCII)[-50:].lstrip(".") or "files"
        return f"{name}_" if BESIDE.fullmatch(name) else name

    @property
    def key(self) -> str:
        """Another one for each address."""
        return hashlib.blake2b(self.address.encode(), digest_size=6).hexdigest()

    def list(self, wanted: Callable[[str], bool], waits_s: tuple[float, ...] | None = None) -> list[RemoteFile]:
        """The wanted files in and below it, by their paths; all else as of `list_files` and `open_address`."""
        folder = self.connect(waits_s)
        return list_files(self._files, folder, self.address, wanted, waits_s)

    def connect(self, waits_s: tuple[float, ...] | None = None) -> str:
        """Open its file system, as `list` does, too; gives the name of its folder. Errors: as `open_address`."""
        self._files, folder = open_address(self.address, waits_s)
        return folder

    def fetch(self, file: RemoteFile, target: Path) -> None:
        """Copy a file to `target`, whole or not at all.

        Raises:
            EscGpuError: as `attempt`, also where the bytes are not those that the storage tells of, and where this disk
                does not take the file.
        """

        def copy() -> None:
            comes = False
            try:
                with replacing(target) as temporary:
                    comes = True
                    self._files.get_file(file.name, str(temporary))
                    check_content(file, temporary)
                    comes = False
            except OSError as error:
                if comes or error.errno in FULL:
                    raise
                raise not_taken(target, error, self.address) from error

        attempt(f"{self.address}/{file.path}", copy)


def not_taken(target: Path, error: OSError, address: str) -> EscGpuError:
    """What to say of a file that this disk has something against."""
    return EscGpuError(
        f"{target}: {error.strerror}; expected a file that this disk takes; rename it at {address}, or choose another "
        "folder with --data.cache_dir"
    )
