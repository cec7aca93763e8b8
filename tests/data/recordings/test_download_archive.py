"""The archive of ESC-50: what is damaged, dangerous or something else is refused, and the next download is whole."""

import io
import stat
import zipfile

import pytest

from esc_gpu.core.esc50 import COLUMNS
from esc_gpu.data.recordings import download
from tests.helpers.esc50_site import (
    CLIPS,
    TOP,
    archive,
    assert_refused_and_mended,
    dataset,
)


def test_flipped_byte_in_a_clip(site, tmp_path):
    spot = site.body.index(dataset()[f"{TOP}audio/{CLIPS[5]}"]) + 2500
    site.body = site.body[:spot] + bytes([site.body[spot] ^ 1]) + site.body[spot + 1 :]
    assert_refused_and_mended(site, tmp_path, "Bad CRC-32", CLIPS[5], "deleted")


@pytest.mark.parametrize("kept", [0, 20000, -10])
def test_truncated_zip(site, tmp_path, kept):
    site.body = site.body[:kept]
    assert_refused_and_mended(site, tmp_path, "not a zip file", "deleted")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(("declared", "words"), [(100, "CRC"), (6000, "short")])
def test_false_size_of_a_member(site, tmp_path, compression, declared, words):
    def lie(bundle):
        bundle.getinfo(f"{TOP}audio/{CLIPS[0]}").file_size = declared

    site.body = archive(change=lie, compression=compression)
    assert_refused_and_mended(site, tmp_path, words)


def bad_deflate():
    body = bytearray(archive(compression=zipfile.ZIP_DEFLATED))
    name = f"{TOP}meta/esc50.csv".encode()
    body[body.index(name) + len(name)] = 0xFF  # the first block is of a kind that does not exist
    return bytes(body)


def negative_offset():
    body = bytearray(archive())
    body[body.rindex(b"PK\5\6") + 18] += 1  # the central directory claims to start 64 KiB later
    return bytes(body)


def bad_name():
    return archive({"ü": b""}).replace("ü".encode(), b"\xff\xff")


def with_licence(**values):
    def change(bundle):
        for name, value in values.items():
            setattr(bundle.getinfo(f"{TOP}LICENSE"), name, value)

    return archive(change=change)


DAMAGED = {
    "deflate": bad_deflate(),
    "offset": negative_offset(),
    "name": bad_name(),
    "encrypted": with_licence(flag_bits=1),
    "unknown compression": with_licence(compress_type=zipfile.ZIP_BZIP2),
    "beyond the end": with_licence(file_size=1 << 20, compress_size=1 << 20),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_any_damage_is_told_as_such(site, tmp_path, damage):
    """zipfile has many ways to say that an archive is damaged."""
    site.body = DAMAGED[damage]
    assert_refused_and_mended(site, tmp_path, "bad archive, ", "deleted")


def test_zip_bomb(site, tmp_path):
    def swell(bundle):
        bundle.getinfo(f"{TOP}esc50.gif").file_size = 5 << 30

    site.body = archive(change=swell)
    assert_refused_and_mended(site, tmp_path, "unpacks to 53", str(4 << 30))


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_endless_download(site, tmp_path, monkeypatch, framing):
    """More than any archive of ESC-50, whether the server says so before or not."""
    site.framing, limit = framing, len(site.body) + (2 << 20)
    monkeypatch.setattr(download, "MAX_ARCHIVE_BYTES", limit)
    site.body = bytes(limit + (8 << 20))
    assert_refused_and_mended(site, tmp_path, f"sends more than {limit >> 20} MiB", "deleted")


def test_no_more_is_unpacked_than_is_declared(tmp_path):
    """A member of 64 MiB of zeros that says it has 10 bytes."""
    packed = archive(
        {"big": bytes(64 << 20)},
        change=lambda bundle: setattr(bundle.getinfo("big"), "file_size", 10),
        compression=zipfile.ZIP_DEFLATED,
    )
    with zipfile.ZipFile(io.BytesIO(packed)) as bundle, pytest.raises(zipfile.BadZipFile, match="CRC"):
        download._unpack_member(bundle, bundle.getinfo("big"), tmp_path / "big")
    assert (tmp_path / "big").stat().st_size <= 10


@pytest.mark.parametrize(
    "name",
    [
        "../evil.wav",
        f"{TOP}audio/../../../evil.wav",
        "/evil.wav",
        "C:/evil.wav",
        "C:evil.wav",
        f"{TOP}audio\\evil.wav",
    ],
)
def test_member_outside_the_folder(site, tmp_path, name):
    site.body = archive(dataset() | {name: b"evil"})
    assert_refused_and_mended(site, tmp_path / "root", repr(name), "leave the folder")
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_member_that_is_no_plain_file(site, tmp_path, kind):
    def link(bundle):
        member = zipfile.ZipInfo(f"{TOP}audio/link.wav")
        member.external_attr = (kind | 0o777) << 16
        bundle.writestr(member, str(tmp_path / "outside"))

    site.body = archive(change=link)
    assert_refused_and_mended(site, tmp_path / "root", "link.wav", "link or device")
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


@pytest.mark.parametrize("clip", [None, b""])
def test_missing_or_empty_clip(site, tmp_path, clip):
    files = dataset()
    del files[f"{TOP}audio/{CLIPS[2]}"]
    site.body = archive(files if clip is None else files | {f"{TOP}audio/{CLIPS[2]}": clip})
    assert_refused_and_mended(site, tmp_path, CLIPS[2], "missing or empty")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b"filename,fold\n1-0-A-0.wav,1\n", "columns"),
        (",".join(COLUMNS).encode(), "names no clip"),
        (b"", "columns"),
        (b'filename,"fold', "not a csv"),
        (b"\xff\xfe", "not a csv"),
    ],
)
def test_bad_csv(site, tmp_path, table, words):
    site.body = archive(dataset() | {f"{TOP}meta/esc50.csv": table})
    assert_refused_and_mended(site, tmp_path, "meta/esc50.csv", words)


def test_zip_of_something_else(site, tmp_path):
    site.body = archive({"other/readme.txt": b"hello"})
    assert_refused_and_mended(site, tmp_path, "meta/esc50.csv is missing")
