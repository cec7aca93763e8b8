"""The download of ESC-50, against a real HTTP server on the loopback."""

import io
import json
import random
import shutil
import stat
import threading
import time
import zipfile
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request

import pytest

from esc_gpu.core.esc50 import COLUMNS
from esc_gpu.data.recordings import download
from esc_gpu.data.recordings.download import download_esc50
from esc_gpu.errors import EscGpuError

CLIPS = [f"1-{number}-A-0.wav" for number in range(8)]
TOP = "ESC-50-master/"


@dataclass
class Site:
    """What the server serves, how badly, and what it was asked for."""

    body: bytes = b""
    etag: str = '"one"'
    modified: str = ""
    ranges: bool = True
    framing: str = "length"  # or "chunked", or "close": the body ends where the connection does
    cuts: list = field(default_factory=list)  # for each coming request, the bytes to send before a cut
    status: int = 200
    location: str = ""
    false_range: str = ""
    requests: list = field(default_factory=list)  # the headers of each
    sent: list = field(default_factory=list)  # the body bytes of each answer
    url: str = ""

    def asked_ranges(self):
        return [headers["Range"] for headers in self.requests]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        site = self.server.site
        site.requests.append(self.headers)
        self.close_connection = True
        if site.location and self.path != "/moved.zip":
            return self.answer(302, b"", Location=site.location)
        if site.status != 200:
            return self.answer(site.status, b"no")
        start = self.start_of_range(site)
        if not start:
            return self.answer(200, site.body)
        if start >= len(site.body):
            return self.answer(416, b"", **{"Content-Range": f"bytes */{len(site.body)}"})
        span = site.false_range or f"bytes {start}-{len(site.body) - 1}/{len(site.body)}"
        return self.answer(206, site.body[start:], **{"Content-Range": span})

    def start_of_range(self, site):
        wanted = self.headers["Range"]
        if not site.ranges or not wanted or self.headers["If-Range"] not in (site.etag, site.modified):
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def answer(self, status, body, **headers):
        site = self.server.site
        headers |= {"ETag": site.etag} if site.etag else {}
        headers |= {"Last-Modified": site.modified} if site.modified and status == 200 else {}
        headers |= {"length": {"Content-Length": len(body)}, "chunked": {"Transfer-Encoding": "chunked"}}.get(
            site.framing, {}
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        cut = site.cuts.pop(0) if site.cuts else None
        body = body[:cut]
        site.sent.append(len(body))
        if site.framing == "chunked":
            for start in range(0, len(body), 1000):
                piece = body[start : start + 1000]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            if cut is None:
                self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(body)


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(download, "BACKOFF_S", (0.0, 0.0, 0.0))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.site = Site(archive(), url=f"http://127.0.0.1:{server.server_port}/esc50.zip")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.site
    server.shutdown()
    thread.join()
    server.server_close()


def dataset(seed=0):
    """The files of a small ESC-50 by their member names."""
    noise = random.Random(seed)
    rows = [f"{clip},{number % 5 + 1},0,dog,True,1,A" for number, clip in enumerate(CLIPS)]
    files = {
        "LICENSE": b"CC BY-NC",
        "README.md": b"# ESC-50",
        "esc50.gif": b"GIF",
        "tests/test_dataset.py": b"pass",
        "meta/esc50.csv": "\n".join([",".join(COLUMNS), *rows, ""]).encode(),
    }
    files |= {f"audio/{clip}": noise.randbytes(5000) for clip in CLIPS}
    return {TOP + name: data for name, data in files.items()}


def archive(files=None, change=None, compression=zipfile.ZIP_STORED):
    """A zip of `files`; `change` gets its open ZipFile before the central directory is written."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as bundle:
        bundle.mkdir(TOP + "audio")
        for name, data in (dataset() if files is None else files).items():
            bundle.writestr(name, data)
        if change:
            change(bundle)
    return packed.getvalue()


def get(site, root):
    return download_esc50(root, url=site.url, progress=False)


def tree(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def assert_complete(root, seed=0):
    files = {name.removeprefix(TOP): data for name, data in dataset(seed).items()}
    wanted = {name for name in files if not name.startswith(("esc50.gif", "tests/"))}
    assert tree(root) == wanted
    assert {name: (root / name).read_bytes() for name in wanted} == {name: files[name] for name in wanted}
    assert not (root / ".download").exists()


def assert_refused(site, root, *words):
    """The download fails in one line with the words, and leaves nothing, so that the next run succeeds."""
    with pytest.raises(EscGpuError) as caught:
        get(site, root)
    message = str(caught.value)
    assert "\n" not in message
    assert ", ;" not in message
    for word in (site.url, "expected", "run the command again", *words):
        assert word in message
    assert tree(root) == set()
    site.body = archive()
    get(site, root)
    assert_complete(root)


def test_complete_download_and_layout(site, tmp_path):
    root = tmp_path / "deep" / "esc50"
    assert get(site, str(root)) == root
    assert_complete(root)
    assert site.requests[0]["User-Agent"] == download.USER_AGENT
    assert site.asked_ranges() == [None]


def test_progress_bar_in_bytes(site, tmp_path, capfd):
    download_esc50(tmp_path, url=site.url)
    shown = capfd.readouterr().err
    assert "B/s" in shown and "100%" in shown


def test_no_progress_bar(site, tmp_path, capfd):
    get(site, tmp_path)
    assert capfd.readouterr() == ("", "")


def test_complete_root_makes_no_request(site, tmp_path):
    get(site, tmp_path)
    get(site, tmp_path)
    assert len(site.requests) == 1


@pytest.mark.parametrize("harm", ["remove", "empty"])
def test_incomplete_root_is_mended_and_other_files_stay(site, tmp_path, harm):
    get(site, tmp_path)
    clip = tmp_path / "audio" / CLIPS[3]
    clip.unlink() if harm == "remove" else clip.write_bytes(b"")
    (tmp_path / "audio" / "own.wav").write_bytes(b"mine")
    get(site, tmp_path)
    assert (tmp_path / "audio" / "own.wav").read_bytes() == b"mine"
    (tmp_path / "audio" / "own.wav").unlink()
    assert_complete(tmp_path)


@pytest.mark.parametrize("validator", ["etag", "modified"])
def test_cut_connection_is_resumed(site, tmp_path, validator):
    if validator == "modified":
        site.etag, site.modified = 'W/"weak"', "Wed, 21 Oct 2015 07:28:00 GMT"
    site.cuts = [12345, 1000]
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert site.asked_ranges() == [None, "bytes=12345-", "bytes=13345-"]
    assert {headers["If-Range"] for headers in site.requests[1:]} == {getattr(site, validator)}
    assert site.sent == [12345, 1000, len(site.body) - 13345]


def test_waits_between_attempts(site, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "BACKOFF_S", (0.0, 0.2))
    site.cuts = [12345]
    start = time.monotonic()
    get(site, tmp_path)
    assert time.monotonic() - start >= 0.2


def test_next_run_goes_on_after_too_many_cuts(site, tmp_path):
    site.cuts = [1000, 1000, 1000]
    with pytest.raises(EscGpuError, match="3 attempts; .* run the command again to go on"):
        get(site, tmp_path)
    assert tree(tmp_path) == {".download/archive.zip", ".download/archive.json"}
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert site.asked_ranges() == [None, "bytes=1000-", "bytes=2000-", "bytes=3000-"]
    assert sum(site.sent) == len(site.body)


@pytest.mark.parametrize("etag", ['"one"', 'W/"weak"', ""])
def test_server_without_ranges_starts_from_zero(site, tmp_path, etag):
    site.ranges, site.etag, site.cuts = False, etag, [20000]
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert site.sent == [20000, len(site.body)]
    # Bytes that nothing reliable names are not asked to be continued.
    assert site.asked_ranges() == [None, "bytes=20000-" if etag == '"one"' else None]


def test_start_from_zero_drops_the_old_bytes(site, tmp_path):
    site.ranges, site.cuts = False, [3000, 2000, 1000]
    with pytest.raises(EscGpuError):
        get(site, tmp_path)
    assert (tmp_path / ".download" / "archive.zip").read_bytes() == site.body[:1000]


def test_changed_file_starts_from_zero(site, tmp_path):
    site.cuts = [10000] * 3
    with pytest.raises(EscGpuError):
        get(site, tmp_path)
    site.body, site.etag = archive(dataset(seed=1)), '"two"'
    get(site, tmp_path)
    assert_complete(tmp_path, seed=1)
    assert site.requests[-1]["If-Range"] == '"one"'
    assert site.sent[-1] == len(site.body)


def test_other_url_starts_from_zero(site, tmp_path):
    site.cuts = [10000] * 3
    with pytest.raises(EscGpuError):
        get(site, tmp_path)
    download_esc50(tmp_path, url=site.url + "?other", progress=False)
    assert_complete(tmp_path)
    assert site.asked_ranges()[-1] is None


def test_wrong_partial_answer_starts_from_zero(site, tmp_path):
    site.cuts, site.false_range = [20000], "bytes 5-9/10"
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert site.asked_ranges() == [None, "bytes=20000-", None]


def test_nothing_left_to_get(site, tmp_path):
    """Killed after the last byte, before that was noted: the server answers 416, the bytes are used."""
    site.framing, site.cuts = "chunked", [len(site.body)]
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert site.asked_ranges() == [None, f"bytes={len(site.body)}-"]
    assert sum(site.sent) == len(site.body)


def test_file_shorter_than_the_partial_one(site, tmp_path):
    site.cuts = [10000] * 3
    with pytest.raises(EscGpuError):
        get(site, tmp_path)
    site.body = site.body[:100]
    assert_refused(site, tmp_path, "not a zip file")


def test_broken_note_starts_from_zero(site, tmp_path):
    site.cuts = [10000] * 3
    with pytest.raises(EscGpuError):
        get(site, tmp_path)
    (tmp_path / ".download" / "archive.json").write_text('{"url": ')
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert site.asked_ranges()[-1] is None


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_download_without_length(site, tmp_path, framing):
    site.framing = framing
    get(site, tmp_path)
    assert_complete(tmp_path)


def test_cut_chunked_download_is_resumed(site, tmp_path):
    site.framing, site.cuts = "chunked", [20000]
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert site.asked_ranges() == [None, "bytes=20000-"]
    assert sum(site.sent) == len(site.body)


def test_cut_that_only_the_zip_can_tell(site, tmp_path):
    site.framing, site.cuts = "close", [20000]
    assert_refused(site, tmp_path, "not a zip file", "deleted")


def test_server_error_is_tried_again(site, tmp_path):
    site.status = 503
    with pytest.raises(EscGpuError, match="503.* in the last of 3 attempts"):
        get(site, tmp_path)
    assert len(site.requests) == 3


def test_not_found(site, tmp_path):
    site.status = 404
    with pytest.raises(EscGpuError, match="esc50.zip: HTTP Error 404.*expected .*check the URL"):
        get(site, tmp_path)
    assert len(site.requests) == 1


def test_no_server(site, tmp_path):
    port = site.url.split(":")[2].split("/")[0]
    with pytest.raises(EscGpuError, match="no answer .*run the command again"):
        download_esc50(tmp_path, url=f"https://127.0.0.1:{port}/", progress=False)  # TLS to a plain server


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "esc50.zip", "http://[/", "http://127.0.0.1/ü"]
)
def test_only_web_addresses(tmp_path, url):
    with pytest.raises(EscGpuError, match="expected an http or https address"):
        download_esc50(tmp_path, url=url, progress=False)


def test_redirect_is_followed(site, tmp_path):
    site.location, site.cuts = "/moved.zip", [None, 20000]
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert site.asked_ranges() == [None, None, "bytes=20000-", "bytes=20000-"]


def test_redirect_off_the_web_is_refused(site, tmp_path):
    site.location = "ftp://127.0.0.1/esc50.zip"
    with pytest.raises(EscGpuError, match="redirect to ftp:.* refused"):
        get(site, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [("https", "http", False), ("https", "https", True), ("http", "http", True), ("http", "https", True)],
)
def test_redirect_from_https_to_http_is_refused(old, new, allowed):
    handler, request = download._SafeRedirect(), Request(f"{old}://one.example/a")
    arguments = (request, None, 302, "Found", Message(), f"{new}://two.example/b")
    if allowed:
        assert handler.redirect_request(*arguments).full_url == f"{new}://two.example/b"
    else:
        with pytest.raises(HTTPError, match="refused"):
            handler.redirect_request(*arguments)


def test_flipped_byte_in_a_clip(site, tmp_path):
    spot = site.body.index(dataset()[f"{TOP}audio/{CLIPS[5]}"]) + 2500
    site.body = site.body[:spot] + bytes([site.body[spot] ^ 1]) + site.body[spot + 1 :]
    assert_refused(site, tmp_path, "Bad CRC-32", CLIPS[5], "deleted")


@pytest.mark.parametrize("kept", [0, 20000, -10])
def test_truncated_zip(site, tmp_path, kept):
    site.body = site.body[:kept]
    assert_refused(site, tmp_path, "not a zip file", "deleted")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(("declared", "words"), [(100, "CRC"), (6000, "short")])
def test_false_size_of_a_member(site, tmp_path, compression, declared, words):
    def lie(bundle):
        bundle.getinfo(f"{TOP}audio/{CLIPS[0]}").file_size = declared

    site.body = archive(change=lie, compression=compression)
    assert_refused(site, tmp_path, words)


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
    assert_refused(site, tmp_path, "bad archive, ", "deleted")


def test_leftovers_of_a_killed_run_are_not_used(site, tmp_path):
    leftover = tmp_path / ".download" / "unpacked" / "audio" / "half.wav"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    get(site, tmp_path)
    assert_complete(tmp_path)


def test_zip_bomb(site, tmp_path):
    def swell(bundle):
        bundle.getinfo(f"{TOP}esc50.gif").file_size = 5 << 30

    site.body = archive(change=swell)
    assert_refused(site, tmp_path, "unpacks to 53", str(4 << 30))


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_endless_download(site, tmp_path, monkeypatch, framing):
    """More than any archive of ESC-50, whether the server says so before or not."""
    site.framing, limit = framing, len(site.body) + (2 << 20)
    monkeypatch.setattr(download, "MAX_ARCHIVE_BYTES", limit)
    site.body = bytes(limit + (8 << 20))
    assert_refused(site, tmp_path, f"sends more than {limit >> 20} MiB", "deleted")


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
    assert_refused(site, tmp_path / "root", repr(name), "leave the folder")
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_member_that_is_no_plain_file(site, tmp_path, kind):
    def link(bundle):
        member = zipfile.ZipInfo(f"{TOP}audio/link.wav")
        member.external_attr = (kind | 0o777) << 16
        bundle.writestr(member, str(tmp_path / "outside"))

    site.body = archive(change=link)
    assert_refused(site, tmp_path / "root", "link.wav", "link or device")
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


@pytest.mark.parametrize("clip", [None, b""])
def test_missing_or_empty_clip(site, tmp_path, clip):
    files = dataset()
    del files[f"{TOP}audio/{CLIPS[2]}"]
    site.body = archive(files if clip is None else files | {f"{TOP}audio/{CLIPS[2]}": clip})
    assert_refused(site, tmp_path, CLIPS[2], "missing or empty")


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
    assert_refused(site, tmp_path, "meta/esc50.csv", words)


def test_zip_of_something_else(site, tmp_path):
    site.body = archive({"other/readme.txt": b"hello"})
    assert_refused(site, tmp_path, "meta/esc50.csv is missing")


@pytest.mark.parametrize("stage", ["download", "unpack"])
def test_full_disk_keeps_what_was_downloaded(site, tmp_path, monkeypatch, stage):
    files = dataset() | {f"{TOP}esc50.gif": bytes(1 << 20)}
    site.body = archive(files, compression=zipfile.ZIP_DEFLATED)
    usage = shutil.disk_usage(tmp_path)._replace(free=0 if stage == "download" else len(site.body))
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda folder: usage)
        with pytest.raises(EscGpuError, match="0 MiB free; expected at least .* run the command again to go on"):
            get(site, tmp_path)
    assert not (tmp_path / "meta").exists()
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert len(site.requests) == (2 if stage == "download" else 1)


def test_root_that_cannot_be_written(site, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EscGpuError, match="file.*expected a folder that can be written"):
        get(site, tmp_path / "file")


def test_two_downloads_into_one_folder_do_not_meet(site, tmp_path, monkeypatch):
    unpack, refused = download._unpack, []

    def meanwhile(archive, url):
        with pytest.raises(EscGpuError, match=f"^{tmp_path}: in use by another download") as caught:
            get(site, tmp_path)
        refused.append(caught)
        return unpack(archive, url)

    monkeypatch.setattr(download, "_unpack", meanwhile)
    get(site, tmp_path)
    assert len(refused) == 1
    assert_complete(tmp_path)


def test_files_are_on_the_disk_before_they_take_their_place(site, tmp_path, monkeypatch):
    names = []
    monkeypatch.setattr(download, "synchronize", lambda path: names.append(path.name) or path.stat())
    get(site, tmp_path)
    assert set(names) == {"LICENSE", "README.md", "esc50.csv", *CLIPS} and names[-1] == "esc50.csv"


def test_csv_comes_last(site, tmp_path):
    """A folder in the way of one clip stops the last step: the root must not look complete then."""
    get(site, tmp_path)
    (tmp_path / "audio" / CLIPS[6]).unlink()
    (tmp_path / "audio" / CLIPS[6]).mkdir()
    with pytest.raises(EscGpuError, match=CLIPS[6]):
        get(site, tmp_path)
    assert not (tmp_path / "meta" / "esc50.csv").exists()
    (tmp_path / "audio" / CLIPS[6]).rmdir()
    assert json.loads((tmp_path / ".download" / "archive.json").read_text())["whole"]
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert len(site.requests) == 2
