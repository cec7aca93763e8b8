"""The download of ESC-50, against a real HTTP server on the loopback."""

import json
import shutil
import zipfile
from email.message import Message
from urllib.error import HTTPError
from urllib.request import Request

import pytest

from esc_gpu.data.recordings import download
from esc_gpu.data.recordings.download import download_esc50
from esc_gpu.errors import EscGpuError
from tests.helpers.esc50_site import CLIPS, TOP, archive, assert_complete, dataset, get


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


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_download_without_length(site, tmp_path, framing):
    site.framing = framing
    get(site, tmp_path)
    assert_complete(tmp_path)


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


def test_leftovers_of_a_killed_run_are_not_used(site, tmp_path):
    leftover = tmp_path / ".download" / "unpacked" / "audio" / "half.wav"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    get(site, tmp_path)
    assert_complete(tmp_path)


@pytest.mark.parametrize("stage", ["download", "unpack"])
def test_full_disk_keeps_what_was_downloaded(site, tmp_path, monkeypatch, stage):
    files = dataset() | {f"{TOP}esc50.gif": bytes(1 << 20)}
    site.body = archive(files, compression=zipfile.ZIP_DEFLATED)
    usage = shutil.disk_usage(tmp_path)._replace(free=0 if stage == "download" else len(site.body))
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda folder: usage)
        with pytest.raises(EscGpuError, match="0 MiB free; expected at least .* run the command again to continue"):
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
    assert json.loads((tmp_path / ".download" / "archive.json").read_text(encoding="utf-8"))["whole"]
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert len(site.requests) == 2
