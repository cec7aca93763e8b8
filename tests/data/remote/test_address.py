"""What is an address, and which are refused before anything is asked for."""

import importlib.util

import pytest

from esc_gpu.data.recordings.layouts import check_recordings
from esc_gpu.data.remote.address import check_address, is_remote, open_address
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


@pytest.mark.parametrize(
    "address",
    [
        "https://user:SECRET@[host/x",
        "s3://AKIAKEY:SEC/RET+abc@bucket/sounds",
        "ftp://user:SEC/RET@127.0.0.1/x",
        "ftp://user:SEC#RET@127.0.0.1/x",
        "ftp://user:8080SEC/RET@host/x",
        "az://container/folder?sv=1&sig=SECRET",
        "webhdfs://host:9870/folder?delegation=SECRET",
        "ftp://user:SE@CR/ET@host/x",
        "ftp://user:SEC::RET@host/x",
        "https://[host/x::ftp://user:SECRET@host/y.zip",
        "s3://AKIAKEY:7/SECRET+abc@bucket/sounds",
        "github://OWNER:REPOSITORY@VERSION/x?token=SECRET",
    ],
)
def test_secrets_of_any_form_are_refused_and_not_repeated(address):
    message = refusal(check_address, address)
    protocol = address.rpartition("://")[0].rpartition("::")[2]
    assert message.startswith(f"{protocol}://") and ": the address has a password or a query; expected" in message
    assert not any(part in message for part in ("SEC", "RET", "AKIA", "SE@", "CR/", "cr/"))


@pytest.mark.parametrize(
    "address",
    [
        "memory://host:8080/a@b/c",
        "memory://datasets/OWNER/NAME@main",
        "zip://a?.wav::memory://bucket/x.zip",
        "github://OWNER:REPOSITORY@VERSION/sounds",
        "git:///repository:main@audio",
        "sftp://host:8080/a@b/c",
        "file:///tmp/12:30 take/me@firm.com",
        "file:///C:/Users/me@firm.com/sounds",
        "zip://?/label=dog/x::memory://a.zip",
    ],
)
def test_what_only_looks_like_a_secret_is_taken(address):
    check_address(address)


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
