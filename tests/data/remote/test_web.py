"""Recordings on a web server: its pages list them; connections are cut."""

import os
from collections import Counter

import pytest

pytest.importorskip("aiohttp", reason="needs the package aiohttp: pip install 'esc_gpu[remote]'")

from esc_gpu.data.local_root import local_root
from esc_gpu.data.on_demand import recording_files
from esc_gpu.data.remote import attempts
from esc_gpu.data.store.recording_files import digest_file
from tests.helpers.file_site import serving
from tests.helpers.one_line import refusal
from tests.helpers.remote_files import recording

NAMES = ["meta/esc50.csv", "audio/1 a&b ä.wav", "audio/2.wav"]
QUOTED = ["/meta/esc50.csv", "/audio/1%20a&b%20%C3%A4.wav", "/audio/2.wav"]


@pytest.fixture
def sounds(tmp_path, monkeypatch):
    monkeypatch.setattr(attempts, "WAITS_S", (0.0, 0.0, 0.0))
    for name in NAMES:
        path = tmp_path / "sounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 99)
    return tmp_path / "sounds"


def test_a_folder_of_a_web_server(sounds, tmp_path):
    def copy():
        return local_root(site.url, tmp_path / "cache", progress=False, announce=said.append)

    said = []
    with serving(sounds) as site:
        site.cuts[QUOTED[2]] = 2
        folder = copy()
        assert {name: (folder / name).read_bytes() for name in NAMES} == {name: name.encode() * 99 for name in NAMES}
        assert site.fetched() == Counter({QUOTED[0]: 1, QUOTED[1]: 1, QUOTED[2]: 3})
        site.gets.clear()
        copy()
        assert not site.fetched()
        os.utime(sounds / NAMES[1], (10**9, 10**9))
        copy()
        assert site.fetched() == Counter([QUOTED[1]])
        (sounds / NAMES[2]).write_bytes(b"more" * 99)
        site.cuts[QUOTED[2]] = 3
        message = refusal(copy)
        assert (
            message.startswith(f"{site.url}/audio/2.wav: ")
            and "(attempts: 3); expected an answer to its end" in message
        )
        copy()
        assert (folder / NAMES[2]).read_bytes() == b"more" * 99
        assert "no such file or folder" in refusal(local_root, f"{site.url}/none", tmp_path / "cache", progress=False)
    assert copy() == folder and said[-1].endswith(f"in {folder} is used.")


def test_links_may_begin_with_a_dot_and_those_that_lead_out_are_no_part_of_the_folder(sounds, tmp_path):
    (sounds / "index.html").write_text('<a href="./audio/">audio</a> <a href="../../">up</a>', encoding="utf-8")
    links = (
        '<a href="./2.wav">2</a> <a href="../meta/">meta</a> <a href="../../x.wav">x</a> <a href="%2e%2e/y.wav">y</a>'
    )
    (sounds / "audio" / "index.html").write_text(links, encoding="utf-8")
    with serving(sounds) as site:
        folder = local_root(site.url, tmp_path / "cache", progress=False)
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*.*")] == ["audio/2.wav"]
    assert {path.replace("/./", "/") for path in site.gets} == {"/", "/audio/", "/audio/2.wav"}


def test_what_is_not_kept_comes_from_a_web_server_when_it_is_read(sounds, tmp_path):
    for number, name in enumerate(NAMES[1:]):
        (sounds / name).write_bytes(recording(number))
    with serving(sounds) as site:
        site.cuts[QUOTED[2]] = 1
        folder = local_root(site.url, tmp_path / "cache", progress=False, keep_copy=False)
        assert site.fetched() == Counter([QUOTED[0]])  # the table
        with recording_files(site.url, tmp_path / "cache", keep_copy=False) as files:
            digests = files.contents([folder / name for name in NAMES[1:]], False)
        assert site.fetched() == Counter({QUOTED[0]: 1, QUOTED[1]: 1, QUOTED[2]: 2})
    assert digests == [digest_file(sounds / name).digest for name in NAMES[1:]]
