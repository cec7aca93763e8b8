"""A bucket, and no waits between attempts."""

import pytest

from esc_gpu.data.remote import attempts
from tests.helpers.remote_files import PATHS, Bucket


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setattr(attempts, "WAITS_S", (0.0, 0.0, 0.0))
    made = Bucket(monkeypatch)
    for path in PATHS:
        made.put(path)
    yield made
    made.files.store.clear()
