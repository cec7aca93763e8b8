"""A web server of a small ESC-50 on the loopback, and what a download from it must leave behind."""

import io
import random
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import pytest

from esc_gpu.core.esc50 import COLUMNS
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
        # Before anything is sent: headers may be all that a client waits for before its next request, which has a
        # thread of its own and could take this one's cut.
        cut = site.cuts.pop(0) if site.cuts else None
        body = body[:cut]
        site.sent.append(len(body))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        if site.framing == "chunked":
            for start in range(0, len(body), 1000):
                piece = body[start : start + 1000]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            if cut is None:
                self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(body)


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


def assert_refused_and_mended(site, root, *words):
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
