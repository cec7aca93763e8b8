"""What is an address, and which are refused before anything is asked for."""

import importlib.util

import pytest

from esc_gpu.data.recordings.layouts import check_recordings
from esc_gpu.data.remote.address import is_remote, open_address
from esc_gpu.data.remote.attempts import UnreachableError
from esc_gpu.data.remote.folder import RemoteFolder
from tests.helpers.one_line import refusal


@pytest.mark.parametrize(
    "root", ["s3://bucket/a", "hf://datasets/a/b", "http://x", "memory://x", "zip::https://x/y.zip"]
)
def test_an_address_has_a_protocol(root):
    assert is_remote(root)


@pytest.mark.parametrize("root", ["ESC-50", "/data/a:b", "C:\\data", "C:/data", "~/x", None])
def test_a_folder_has_none(root):
    assert not is_remote(root)


def test_secrets_are_refused_and_not_repeated():
    for address in (
        "https://me:secret@host/sounds",
        "https://secret@host/sounds",
        "https://host/sounds?sig=secret",
        "zip://*.wav::https://me:secret@host/sounds",
        "simplecache::https://host/sounds?sig=secret",
    ):
        message = refusal(check_recordings, address)
        assert (
            message.startswith("https://host/sounds: the address has a password or a query") and "secret" not in message
        )


AIOHTTP = pytest.mark.skipif(
    importlib.util.find_spec("aiohttp") is None, reason="needs the package aiohttp: pip install 'esc_gpu[remote]'"
)


@pytest.mark.parametrize(
    "address",
    ["http://[x/y", pytest.param("http://host:99999/x", marks=AIOHTTP), "hf://datasets/OWNER", "hf://x", "data://x"],
)
def test_an_address_with_a_mistake_is_refused_in_a_line(address):
    message = refusal(lambda: RemoteFolder(address).list(bool, (0.0,)))
    assert message.startswith(f"data.root {address}: ") and "; expected an address that fsspec opens" in message


def test_no_answer_to_who_opens_it_is_no_answer():
    with pytest.raises(UnreachableError, match="ftp://127.0.0.1:9/x: ConnectionRefusedError"):
        RemoteFolder("ftp://127.0.0.1:9/x").list(bool, (0.0,))


def test_what_cannot_be_opened_here(monkeypatch):
    assert "Protocol not known: gopher; expected an address that fsspec opens" in refusal(open_address, "gopher://x")
    found = importlib.util.find_spec
    missing = ("s3fs", "aiohttp")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else found(name))
    assert refusal(check_recordings, "s3://bucket/x") == (
        "data.root s3://bucket/x needs s3fs: pip install s3fs, or copy the recordings into a folder"
    )
    assert 'aiohttp: pip install "esc_gpu[remote]"' in refusal(check_recordings, "https://host/x")
    check_recordings("memory://bucket/x")
