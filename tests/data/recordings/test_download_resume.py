"""A download of ESC-50 that is cut off goes on where it was, or starts anew if the file may be another."""

import time

import pytest

from esc_gpu.data.recordings import download
from esc_gpu.data.recordings.download import download_esc50
from esc_gpu.errors import EscGpuError
from tests.helpers.esc50_site import archive, assert_complete, assert_refused_and_mended, dataset, get, tree


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
    with pytest.raises(EscGpuError, match="3 attempts; .* run the command again to continue"):
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
    assert_refused_and_mended(site, tmp_path, "not a zip file")


def test_broken_note_starts_from_zero(site, tmp_path):
    site.cuts = [10000] * 3
    with pytest.raises(EscGpuError):
        get(site, tmp_path)
    (tmp_path / ".download" / "archive.json").write_text('{"url": ', encoding="utf-8")
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert site.asked_ranges()[-1] is None


def test_cut_chunked_download_is_resumed(site, tmp_path):
    site.framing, site.cuts = "chunked", [20000]
    get(site, tmp_path)
    assert_complete(tmp_path)
    assert site.asked_ranges() == [None, "bytes=20000-"]
    assert sum(site.sent) == len(site.body)


def test_cut_that_only_the_zip_can_tell(site, tmp_path):
    site.framing, site.cuts = "close", [20000]
    assert_refused_and_mended(site, tmp_path, "not a zip file", "deleted")
