"""Recordings at an address are decoded without a copy: each comes once, and few are here at a time."""

import errno
import ftplib
import os
import shutil
from collections import Counter
from contextlib import contextmanager

import numpy as np
import pytest

from esc_gpu.core import lock
from esc_gpu.data.clips.padding import recording_seconds
from esc_gpu.data.local_root import local_root
from esc_gpu.data.on_demand import recording_files
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.remote import attempts
from esc_gpu.data.remote.coming import COMING, remove_left_folders
from esc_gpu.data.store import build
from esc_gpu.data.store.recording_files import LocalFiles, digest_file
from esc_gpu.data.store.skipped import open_decodable
from tests.helpers.one_line import refusal
from tests.helpers.remote_files import PATHS, RATE, ROOT, Bucket, recording

CLIP = {"sample_rate": RATE, "clip_seconds": 1.0}


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setattr(attempts, "WAITS_S", (0.0, 0.0, 0.0))
    made = Bucket(monkeypatch)
    for number, path in enumerate(PATHS):
        made.put(path, recording(number, RATE - 80 * number))
    yield made
    made.files.store.clear()


def open_all(cache, keep_copy=False, on_error="fail", **options):
    """Store, skipped, and hashes and lengths of the recordings, as a run reads them."""
    root = local_root(ROOT, cache, progress=False, keep_copy=keep_copy)
    recordings = read_recordings(root)
    with recording_files(ROOT, cache, keep_copy) as files:
        folds = {"folds": recordings.folds.tolist(), **options}
        store, _, skipped = open_decodable(
            recordings.paths,
            overlap=None,
            on_error=on_error,
            cache_dir=cache / "stores",
            progress=False,
            files=files,
            **folds,
            **CLIP,
        )
        left = [path for number, path in enumerate(recordings.paths) if number not in skipped]
        return store, skipped, files.contents(left, False), [files.seconds(path) for path in left]


def bytes_here(cache):
    """Sizes of the files below the folder of addresses that are not empty, without what is known of them."""
    known = {"listing.jsonl", "contents.jsonl", "complete.json", "fetched.jsonl", "lock"}
    sizes = []
    for folder, _, names in os.walk(cache / "remote"):
        for name in set(names) - known:
            try:
                sizes.append(os.path.getsize(os.path.join(folder, name)))
            except FileNotFoundError:  # another thread has just removed it
                continue
    return [size for size in sizes if size]


def test_clips_hashes_and_lengths_are_those_of_a_copy_and_nothing_is_kept(bucket, tmp_path, monkeypatch):
    copied, _, digests, seconds = open_all(tmp_path / "copy", keep_copy=True)
    bucket.fetched.clear()
    here, decode = [], build.decode

    def counted(*arguments, **options):
        here.append(len(bytes_here(tmp_path / "none")))
        return decode(*arguments, **options)

    monkeypatch.setattr(build, "decode", counted)
    store, _, *others = open_all(tmp_path / "none", workers=2)
    assert others == [digests, seconds] and seconds[3] == 0.97
    np.testing.assert_array_equal(store.read(np.arange(12)), copied.read(np.arange(12)))
    assert bucket.fetched == Counter(PATHS)
    assert 1 <= max(here) <= 3 and not bytes_here(tmp_path / "none")
    assert open_all(tmp_path / "none")[0].key == store.key and bucket.fetched == Counter(PATHS)
    (folder,) = (tmp_path / "none" / "remote").glob("*/sounds")
    assert not list(folder.parent.glob(f"{COMING}*"))


@pytest.mark.parametrize(
    ("trouble", "said"),
    [(ConnectionResetError("reset"), "ConnectionResetError, reset"), (ftplib.error_temp("421"), "error_temp, 421")],
    ids=["of_the_system", "of_a_library"],
)
def test_finished_shards_are_not_fetched_again_and_trouble_on_the_way_is_no_damage(
    bucket, tmp_path, monkeypatch, trouble, said
):
    monkeypatch.setattr(
        "esc_gpu.data.store.skipped.open_store", lambda *a, **o: build.open_store(*a, shard_bytes=1, **o)
    )
    bucket.trouble = {PATHS[7]: [trouble] * 3}
    message = refusal(open_all, tmp_path, on_error="skip", workers=1)
    assert message.startswith(f"{ROOT}/{PATHS[7]}: {said} (attempts: 3); expected an answer")
    assert len(list(tmp_path.rglob("waveforms-*"))) == 7
    before = Counter(bucket.fetched)
    store, skipped, *_ = open_all(tmp_path, on_error="skip")
    assert store.n_clips == 12 and not skipped
    assert set(bucket.fetched - before) == set(PATHS[7:])


def test_one_that_has_changed_comes_again_and_the_store_is_another(bucket, tmp_path):
    first = open_all(tmp_path)
    bucket.put(PATHS[2], recording(99))
    second = open_all(tmp_path)
    assert first[0].key != second[0].key
    assert [one == other for one, other in zip(first[2], second[2], strict=True)].count(False) == 1
    bucket.remove(PATHS[2])
    assert open_all(tmp_path)[0].n_clips == 11


def test_a_damaged_one_is_left_out_by_its_name(bucket, tmp_path):
    bucket.put(PATHS[4], recording(4)[:4000])
    message = refusal(open_all, tmp_path)
    assert f"sounds/{PATHS[4]}: holds 3956 bytes; expected 16000 by its header; replace it" in message
    store, skipped, digests, _ = open_all(tmp_path, on_error="skip")
    assert [reason.partition(";")[0] for reason in skipped.values()] == ["holds 3956 bytes"]
    assert store.n_clips == len(digests) == 11
    fetched = Counter(bucket.fetched)
    assert open_all(tmp_path, on_error="skip")[0].key == store.key and bucket.fetched == fetched


def test_copies_in_two_folds_are_refused_when_they_have_come(bucket, tmp_path):
    bucket.put(PATHS[1], recording(0, RATE))
    message = refusal(open_all, tmp_path, folds=[*range(12)])
    assert "are the same to the byte, but are in folds 0 and 1; expected each sound in one fold" in message


def test_from_no_copy_to_a_copy_and_back(bucket, tmp_path):
    store = open_all(tmp_path)[0]
    bucket.remove(PATHS[0])
    copied = open_all(tmp_path, keep_copy=True)[0]
    assert bucket.fetched == Counter(PATHS) + Counter(PATHS[1:]) and copied.n_clips == 11
    assert len(bytes_here(tmp_path)) == 11 and not list(tmp_path.rglob("listing.jsonl"))
    bucket.fetched.clear()
    bucket.put(PATHS[1], recording(50))
    again, _, digests, _ = open_all(tmp_path)
    assert bucket.fetched == Counter([PATHS[1]]) and len(bytes_here(tmp_path)) == 10  # the others are read here
    assert again.n_clips == 11 and len({*digests}) == 11 and again.key != store.key


def test_hashes_that_were_lost_are_found_again(bucket, tmp_path):
    first = open_all(tmp_path)
    (journal,) = tmp_path.rglob("contents.jsonl")
    lines = journal.read_text(encoding="utf-8").splitlines()
    journal.write_text("\n".join([*lines[:9], lines[9][:20]]), encoding="utf-8")  # as by a power cut
    bucket.fetched.clear()
    assert open_all(tmp_path)[2:] == first[2:]
    assert 0 < sum(bucket.fetched.values()) < 12
    shutil.rmtree(tmp_path / "remote")
    assert open_all(tmp_path)[2:] == first[2:]


def test_what_a_killed_process_left_is_removed_and_what_another_has_is_not(bucket, tmp_path):
    open_all(tmp_path)
    (place,) = (tmp_path / "remote").iterdir()
    left = place / f"{COMING}left"
    left.mkdir()
    (left / "0.wav").write_bytes(b"partly")
    with recording_files(ROOT, tmp_path, keep_copy=False):
        (living,) = place.glob(f"{COMING}*")
        assert living != left
        open_all(tmp_path)
        assert living.is_dir()


def test_without_an_answer_a_store_that_is_whole_is_used(bucket, tmp_path, monkeypatch):
    key = open_all(tmp_path)[0].key

    def unreachable(*arguments, **options):
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    monkeypatch.setattr(type(bucket.files), "ls", unreachable)
    said = []
    local_root(ROOT, tmp_path, progress=False, announce=said.append, keep_copy=False)
    assert "Connection refused" in said[0] and ". Until then, the listing of 20" in said[0]
    assert open_all(tmp_path)[0].key == key
    assert "Connection refused" in refusal(local_root, ROOT, tmp_path, progress=False)  # there is no copy


def test_a_storage_that_tells_no_version_is_refused(bucket, tmp_path, monkeypatch):
    monkeypatch.setattr("esc_gpu.data.remote.listing.TIMES", ())
    message = refusal(open_all, tmp_path)
    assert message.endswith("keep a copy with --data.keep_copy true") and "tells neither hash nor time" in message


def test_one_that_goes_between_the_listings_is_a_line(bucket, tmp_path):
    root = local_root(ROOT, tmp_path, progress=False, keep_copy=False)
    bucket.remove(PATHS[0])
    local_root(ROOT, tmp_path, progress=False, keep_copy=False)
    with recording_files(ROOT, tmp_path, keep_copy=False) as files:
        assert f"{PATHS[0]}: is no longer at {ROOT}; expected" in refusal(files.digest, root / PATHS[0])


def test_what_this_disk_does_not_take_is_named(bucket, tmp_path):
    bucket.put(f"cat/{'x' * 300}.wav")
    message = refusal(open_all, tmp_path)
    assert "x.wav: File name too long; expected a file that this disk takes; rename it at memory://bucket" in message


def test_recordings_of_a_folder_are_local_whatever_is_asked_for(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(recording(0))
    with recording_files(tmp_path, tmp_path / "cache", keep_copy=False) as files:
        assert files.digest(path) == digest_file(path)
        assert files.seconds(path) == recording_seconds(path) == 1.0
        assert files.workers(None) is None
    assert os.listdir(tmp_path) == ["a.wav"]


def test_two_addresses_with_files_of_the_same_names_and_versions_have_two_stores(bucket, tmp_path, monkeypatch):
    monkeypatch.setattr("esc_gpu.data.remote.listing.TIMES", ("size",))  # as a server whose files are all of one time
    first = open_all(tmp_path)[0]
    for number, path in enumerate(PATHS):
        bucket.files.pipe_file(f"/bucket/v2/sounds/{path}", recording(50 + number, RATE - 80 * number))
    monkeypatch.setattr("tests.data.test_on_demand.ROOT", "memory://bucket/v2/sounds")
    second = open_all(tmp_path)[0]
    assert second.key != first.key and not np.array_equal(second.read(np.arange(12)), first.read(np.arange(12)))


def test_copies_that_are_here_keep_their_time(bucket, tmp_path):
    root = local_root(ROOT, tmp_path, progress=False)
    times = {path: path.stat().st_mtime_ns for path in root.rglob("*.wav")}
    open_all(tmp_path)
    assert times == {path: path.stat().st_mtime_ns for path in root.rglob("*.wav")}


def test_one_that_is_not_there_any_more_is_no_damage(bucket, tmp_path):
    root = local_root(ROOT, tmp_path, progress=False, keep_copy=False)
    paths = read_recordings(root).paths
    bucket.remove(PATHS[0])
    local_root(ROOT, tmp_path, progress=False, keep_copy=False)
    with recording_files(ROOT, tmp_path, keep_copy=False) as files:
        options = {"folds": None, "overlap": None, "cache_dir": tmp_path, "progress": False, "files": files, **CLIP}
        assert "is no longer at" in refusal(lambda: open_decodable(paths, on_error="skip", **options))


def test_copies_that_another_command_has_made_meanwhile_are_read(bucket, tmp_path, monkeypatch):
    local_root(ROOT, tmp_path, progress=False, keep_copy=False)

    @contextmanager
    def waiting(file):
        with monkeypatch.context() as now:
            now.setattr("esc_gpu.data.on_demand.locked", lock.locked)
            local_root(ROOT, tmp_path, progress=False)  # has the lock first
        yield True

    monkeypatch.setattr("esc_gpu.data.on_demand.locked", waiting)
    with recording_files(ROOT, tmp_path, keep_copy=False) as files:
        assert isinstance(files, LocalFiles)


def test_what_another_process_has_learnt_meanwhile_is_not_fetched_again(bucket, tmp_path):
    root = local_root(ROOT, tmp_path, progress=False, keep_copy=False)
    paths = read_recordings(root).paths
    with (
        recording_files(ROOT, tmp_path, keep_copy=False) as one,
        recording_files(ROOT, tmp_path, keep_copy=False) as other,
    ):
        assert one.contents(paths, False) == other.contents(paths, False)
    assert bucket.fetched == Counter(PATHS)


def test_a_folder_of_another_user_is_left_alone_and_a_cache_that_cannot_be_written_is_a_line(
    bucket, tmp_path, monkeypatch
):
    local_root(ROOT, tmp_path, progress=False, keep_copy=False)
    (place,) = (tmp_path / "remote").iterdir()
    theirs = place / f"{COMING}theirs"
    theirs.mkdir()

    def refused(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as now:
        now.setattr("esc_gpu.data.remote.coming.locked", refused)
        remove_left_folders(place)
    assert theirs.is_dir()
    monkeypatch.setattr("esc_gpu.data.on_demand.locked", refused)
    message = refusal(lambda: recording_files(ROOT, tmp_path, keep_copy=False).__enter__())
    assert message.startswith(f"cache folder {tmp_path}: Permission denied; expected a folder that can be written")
