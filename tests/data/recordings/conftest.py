"""The server that ESC-50 is downloaded from."""

import pytest

from esc_gpu.data.recordings import download
from tests.helpers.esc50_site import Handler, Site, archive
from tests.helpers.loopback import listening, url_of


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(download, "BACKOFF_S", (0.0, 0.0, 0.0))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with listening(Handler) as server:
        server.site = Site(archive(), url=f"{url_of(server)}/esc50.zip")
        yield server.site
