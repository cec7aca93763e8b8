"""Whether a file that came is the one that the storage has, where that tells a size or a hash."""

import base64
import errno
import hashlib
import os
from pathlib import Path

from esc_gpu.data.remote.listing import RemoteFile

MD5_BYTES = 16
HASHES = ("lfs", "blob_id", "md5Hash", "Content-MD5")  # what a storage calls the description or the hash of a content


class AnotherFileError(OSError):
    """Not the bytes that were told of: cut, damaged on the way, or changed meanwhile."""


def check_content(file: RemoteFile, path: Path) -> None:
    """Compare a file's size and hash with what its storage says: SHA-256 or Git's of the Hugging Face hub, MD5 of
    Google's storage and of web servers with Content-MD5. S3's ETag is not always a hash of the content.

    Raises:
        AnotherFileError: for another size or hash.
    """
    size = os.path.getsize(path)
    if file.size is not None and size != file.size:
        raise AnotherFileError(errno.EIO, f"{size} bytes came; expected {file.size}", file.path)
    for name, start, expected in _hashes(file, size):
        digest = hashlib.new(name, start, usedforsecurity=False)
        with open(path, "rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != expected:
            raise AnotherFileError(errno.EIO, f"its {name} is not the one that the storage has", file.path)


def _hashes(file: RemoteFile, size: int) -> list[tuple[str, bytes, str]]:
    """Name of each hash, what is hashed before the content, and the hash in hexadecimal digits."""
    info = file.info
    if lfs := info.get("lfs"):
        return [("sha256", b"", str(lfs["sha256"]))]
    if blob := info.get("blob_id"):
        return [("sha1", b"blob %d\0" % size, str(blob))]
    try:
        md5 = base64.b64decode(info.get("md5Hash") or info.get("Content-MD5") or "", validate=True)
    except ValueError:
        return []
    return [("md5", b"", md5.hex())] if len(md5) == MD5_BYTES else []  # some web servers send its digits
