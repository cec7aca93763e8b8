"""A web server of a folder on the loopback, with pages that list its files."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from tests.helpers.loopback import listening, url_of


class FileSite:
    """What it was asked for, and how badly it serves.

    Attributes:
        url: of the folder.
        gets: requests for the content of each file or page, by its path.
        cuts: for a path, how many of the coming answers end in their midst.
    """

    def __init__(self, url: str):
        self.url = url
        self.gets: Counter[str] = Counter()
        self.cuts: Counter[str] = Counter()

    def fetched(self) -> Counter[str]:
        """The files that were asked for, without pages."""
        return Counter({path: count for path, count in self.gets.items() if not path.endswith("/")})


class _Handler(SimpleHTTPRequestHandler):
    site: FileSite

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.site.gets[self.path] += 1
        if not self.site.cuts[self.path]:
            return super().do_GET()
        self.site.cuts[self.path] -= 1
        file = self.send_head()
        self.wfile.write(file.read()[:100])
        file.close()
        self.close_connection = True


@contextmanager
def serving(folder: Path) -> Iterator[FileSite]:
    """A server of the folder in the block."""
    handler = type("Handler", (_Handler,), {})
    with listening(partial(handler, directory=str(folder))) as server:
        handler.site = FileSite(url_of(server))
        yield handler.site
