"""A part of a file is read as a file of its own."""

import errno
import io
import os

from esc_gpu.data.clips.part_of_file import PartOfFile


def opened(tmp_path, content=bytes(range(100))):
    (tmp_path / "a").write_bytes(content)
    return open(tmp_path / "a", "rb", buffering=0)


def test_every_piece_is_that_of_the_bytes_one_behind_another(tmp_path):
    with opened(tmp_path) as raw:
        part, whole = PartOfFile(raw, 10, b"before", 110), b"before" + bytes(range(10, 100)) + bytes(14)
        assert part.seek(0, os.SEEK_END) == len(whole) == 110
        for start in range(0, 112, 3):
            for size in (0, 1, 5, 50, 200):
                part.seek(start)
                assert part.read(size) == whole[start : start + size]
                assert part.tell() == start + len(whole[start : start + size])
        part.seek(7)
        assert part.seek(-2, os.SEEK_CUR) == 5 and part.read(2) == whole[5:7]


def test_a_part_behind_the_end_is_empty(tmp_path):
    with opened(tmp_path) as raw:
        assert PartOfFile(raw, 200).read() == b""


def test_a_read_that_fails_is_kept(tmp_path):
    class Failing(io.FileIO):
        def readinto(self, buffer):
            raise OSError(errno.EIO, "Input/output error")

    opened(tmp_path).close()
    with Failing(tmp_path / "a") as raw:
        part = PartOfFile(raw)
        assert part.read(10) == b"" and part.error.errno == errno.EIO
