"""What Hugging Face's hub answers about one data set, on the loopback."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

from tests.helpers.loopback import listening, url_of

REPOSITORY = "me/sounds"
ABOUT = f"/api/datasets/{REPOSITORY}"
TREE, CONTENT = f"{ABOUT}/tree/main", f"/datasets/{REPOSITORY}/resolve/main/"
COMMIT = "a" * 40


class HubSite:
    """The files of the data set by their paths, those that are stored as LFS, and the paths that were fetched."""

    def __init__(self, url: str):
        self.url, self.files, self.lfs, self.fetched = url, dict[str, bytes](), set[str](), list[str]()

    def tree(self, folder: str) -> list[dict[str, object]]:
        """What is directly in a folder."""
        entries: dict[str, dict[str, object]] = {}
        for path, content in self.files.items():
            if not path.startswith(folder):
                continue
            inside, _, deeper = path.removeprefix(folder).partition("/")
            entry: dict[str, object] = {"type": "directory", "oid": "b" * 40, "size": 0, "path": folder + inside}
            if not deeper:
                oid = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
                entry |= {"type": "file", "oid": oid, "size": len(content)}
                if path in self.lfs:
                    digest = hashlib.sha256(content).hexdigest()
                    entry |= {"oid": digest[:40], "lfs": {"oid": digest, "size": len(content), "pointerSize": 130}}
            entries[folder + inside] = entry
        return list(entries.values())


class _Handler(BaseHTTPRequestHandler):
    site: HubSite

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        if path in (ABOUT, f"{ABOUT}/revision/main"):
            self.answer(200, {"id": REPOSITORY, "sha": COMMIT, "private": False, "tags": [], "siblings": []})
        elif path.startswith(TREE):
            folder = path.removeprefix(TREE).strip("/")
            self.answer(200, self.site.tree(f"{folder}/" if folder else ""))
        elif path.removeprefix(CONTENT) in self.site.files:
            self.site.fetched += [path.removeprefix(CONTENT)] * (self.command == "GET")
            self.answer(200, self.site.files[path.removeprefix(CONTENT)])
        else:
            self.answer(404, {})

    def answer(self, status, body):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "ETag": '"x"', "X-Repo-Commit": COMMIT}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@contextmanager
def hub() -> Iterator[HubSite]:
    """A hub in the block."""
    handler = type("Handler", (_Handler,), {})
    with listening(handler) as server:
        handler.site = HubSite(url_of(server))
        yield handler.site
