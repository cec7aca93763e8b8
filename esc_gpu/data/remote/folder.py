"""A folder on another machine: what is in it, and its files one by one."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from esc_gpu.core.files import replacing
from esc_gpu.data.remote.address import open_address
from esc_gpu.data.remote.attempts import attempt
from esc_gpu.data.remote.checksum import check_content
from esc_gpu.data.remote.listing import RemoteFile, list_files, threads_of


class RemoteFolder:
    """The folder of an address.

    Args:
        address: with a protocol, such as `s3://bucket/folder`.

    Attributes:
        name: what it is called here.
        threads: how many files may be fetched at once.

    Raises:
        EscGpuError: as `open_address`.
    """

    def __init__(self, address: str):
        self.address = address.rstrip("/")
        self._files, self._folder = open_address(self.address)
        self.threads = threads_of(self._files)

    @property
    def name(self) -> str:
        """The last part of the address, as far as any disk takes it."""
        return re.sub(r"[^\w.-]", "_", self.address.rpartition("/")[2], flags=re.ASCII)[-50:].lstrip(".") or "files"

    @property
    def key(self) -> str:
        """Another one for each address."""
        return hashlib.blake2b(self.address.encode(), digest_size=6).hexdigest()

    def list(self, wanted: Callable[[str], bool], waits_s: tuple[float, ...] | None = None) -> list[RemoteFile]:
        """The wanted files in and below it, by their paths; arguments and errors as of `list_files`."""
        return list_files(self._files, self._folder, self.address, wanted, waits_s)

    def fetch(self, file: RemoteFile, target: Path) -> None:
        """Copy a file to `target`, whole or not at all.

        Raises:
            EscGpuError: as `attempt`, also where the bytes are not those that the storage tells of.
        """

        def copy() -> None:
            with replacing(target) as temporary:
                self._files.get_file(file.name, str(temporary))
                check_content(file, temporary)

        attempt(f"{self.address}/{file.path}", copy)
