"""The server that ESC-50 is downloaded from."""

import threading
from http.server import ThreadingHTTPServer

import pytest

from esc_gpu.data.recordings import download
from tests.helpers.esc50_site import Handler, Site, archive


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
