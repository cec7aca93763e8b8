"""What came is compared with the size and the hashes that the storage tells of."""

import base64
import hashlib

import pytest

from esc_gpu.data.remote.checksum import AnotherFileError, check_content
from esc_gpu.data.remote.listing import RemoteFile

CONTENT = b"sound"
HASHES = {
    "lfs": {"lfs": {"sha256": hashlib.sha256(CONTENT).hexdigest()}, "blob_id": "of the pointer"},
    "git": {"blob_id": hashlib.sha1(b"blob 5\0" + CONTENT).hexdigest()},
    "google": {"md5Hash": base64.b64encode(hashlib.md5(CONTENT).digest()).decode()},
    "s3": {"ETag": '"an upload in parts has no hash"'},
    "web": {},
    "no md5 of the standard": {"Content-MD5": hashlib.md5(b"another").hexdigest()},
    "no base64": {"Content-MD5": "?"},
}


@pytest.mark.parametrize("kind", HASHES)
def test_content(tmp_path, kind):
    file = tmp_path / "a.wav"
    file.write_bytes(CONTENT)
    check_content(RemoteFile("a.wav", "a.wav", 5, "", HASHES[kind]), file)
    file.write_bytes(b"Sound")
    if kind not in ("lfs", "git", "google"):
        check_content(RemoteFile("a.wav", "a.wav", None, "", HASHES[kind]), file)
    else:
        with pytest.raises(AnotherFileError, match="is not the one that the storage has"):
            check_content(RemoteFile("a.wav", "a.wav", 5, "", HASHES[kind]), file)
    with pytest.raises(AnotherFileError, match="5 bytes came; expected 6"):
        check_content(RemoteFile("a.wav", "a.wav", 6, "", HASHES[kind]), file)
