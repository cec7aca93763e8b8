"""A remote folder is copied, each file once; what is there now is what is here."""

import io
import shutil
import zipfile
from collections import Counter
from types import SimpleNamespace

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from esc_gpu.data.local_root import local_root
from esc_gpu.data.recordings.layouts import read_recordings
from tests.helpers.one_line import refusal
from tests.helpers.remote_files import PATHS, ROOT


def copy(cache, **options):
    return local_root(ROOT, cache, progress=False, **options)


def files_in(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_copy_is_the_folder_and_nothing_is_fetched_twice(bucket, tmp_path):
    bucket.put("notes.pdf")
    bucket.put(".hidden/x.wav")
    said = []
    folder = copy(tmp_path, announce=said.append)
    assert files_in(folder) == {path: path.encode() * 9 for path in PATHS} and folder.name == "sounds"
    assert copy(tmp_path, announce=said.append) == folder
    assert bucket.fetched == Counter(PATHS)
    assert [line.partition(": ")[2] for line in said] == [
        "12 files, of which 12 were fetched now.",
        "12 files, of which 0 were fetched now.",
    ]


def test_what_was_interrupted_goes_on(bucket, tmp_path, monkeypatch):
    bucket.trouble = {PATHS[7]: [KeyboardInterrupt()]}
    with pytest.raises(KeyboardInterrupt):
        copy(tmp_path)
    came = +bucket.fetched
    assert 0 < len(came) < 12
    (journal,) = tmp_path.rglob("fetched.jsonl")
    with open(journal, "a", encoding="utf-8") as lines:
        lines.write('["dog/broken')  # as by a power cut
    folder = copy(tmp_path)
    assert bucket.fetched == Counter(PATHS) and len(files_in(folder)) == 12
    copy(tmp_path)
    assert bucket.fetched == Counter(PATHS)


def test_changed_damaged_new_and_removed_files(bucket, tmp_path):
    folder = copy(tmp_path)
    bucket.put(PATHS[0], b"another take")
    bucket.put("cat/new.wav")
    bucket.remove(PATHS[1])
    (folder / PATHS[2]).write_bytes(b"cut")
    copy(tmp_path)
    assert bucket.fetched - Counter(PATHS) == Counter([PATHS[0], PATHS[2], "cat/new.wav"])
    assert (folder / PATHS[0]).read_bytes() == b"another take"
    assert set(files_in(folder)) == {*PATHS, "cat/new.wav"} - {PATHS[1]}


def test_trouble_that_passes_is_no_matter_and_other_trouble_is_a_line(bucket, tmp_path):
    bucket.trouble = {PATHS[0]: [ConnectionResetError("reset"), TimeoutError()]}
    copy(tmp_path)
    bucket.put(PATHS[0], b"new")
    bucket.trouble = {PATHS[0]: [ConnectionResetError("reset")] * 3}
    message = refusal(copy, tmp_path)
    assert message.startswith(f"{ROOT}/{PATHS[0]}: ConnectionResetError, reset (attempts: 3); expected an answer")
    bucket.trouble = {PATHS[0]: [PermissionError(13, "Forbidden")]}
    assert "expected credentials that may read it" in refusal(copy, tmp_path)
    assert copy(tmp_path).name == "sounds"


def test_without_an_answer_the_whole_copy_is_used_and_a_part_is_not(bucket, tmp_path, monkeypatch):
    def unreachable(*arguments, **options):
        raise ConnectionRefusedError(111, "Connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(MemoryFileSystem, "ls", unreachable)
        assert "Connection refused" in refusal(copy, tmp_path)
    folder, said = copy(tmp_path), []
    monkeypatch.setattr(MemoryFileSystem, "ls", unreachable)
    assert copy(tmp_path, announce=said.append) == folder
    assert "Connection refused" in said[0] and f"in {folder} is used." in said[0]


def test_the_copy_of_a_table_is_not_taken_for_the_whole(bucket, tmp_path, monkeypatch):
    def unreachable(*arguments, **options):
        raise ConnectionRefusedError(111, "Connection refused")

    table = tmp_path / "table.csv"
    table.write_text(f"path,label,fold\n{PATHS[0]},cat,1\n", encoding="utf-8")
    folder = copy(tmp_path, table=table)
    monkeypatch.setattr(MemoryFileSystem, "ls", unreachable)
    assert copy(tmp_path, table=table) == folder
    assert "Connection refused" in refusal(copy, tmp_path)


def test_folders_of_any_depth(bucket, tmp_path):
    bucket.put(deep := f"{'a/' * 20}x.wav")
    assert (copy(tmp_path) / deep).is_file()


def test_what_this_disk_does_not_take_is_no_fault_of_the_network(bucket, tmp_path):
    bucket.put(f"cat/{'x' * 300}.wav")
    message = refusal(copy, tmp_path)
    assert "; expected a file that this disk takes; rename it at memory://bucket/sounds, or" in message


def test_of_a_table_only_its_recordings_come(bucket, tmp_path):
    table = tmp_path / "table.csv"
    rows = [f"{path},{path[:3]},{number % 2}" for number, path in enumerate((*PATHS[:2], *PATHS[6:8]))]
    table.write_text("\n".join(["path,label,fold", *rows]), encoding="utf-8")
    folder = copy(tmp_path / "cache", table=table)
    assert bucket.fetched == Counter((*PATHS[:2], *PATHS[6:8]))
    assert len(read_recordings(folder, table=table).filenames) == 4
    copy(tmp_path / "cache")
    assert bucket.fetched == Counter(PATHS)
    copy(tmp_path / "cache", table=table)
    assert len(files_in(folder)) == 12


def test_refused_in_a_line(bucket, tmp_path, monkeypatch):
    missing = refusal(local_root, "memory://bucket/nothing", tmp_path)
    assert missing.startswith("memory://bucket/nothing: there is no such file or folder; expected a folder, bucket")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1_000_000))
    assert "1 MB free; expected 67 MB for the recordings" in refusal(copy, tmp_path)
    bucket.put("a\\x.wav")
    assert "a file is called 'a\\\\x.wav'; expected a path inside the folder" in refusal(copy, tmp_path)
    bucket.files.store.clear()
    bucket.put("notes.txt")
    assert "has no recordings; expected audio files, or Parquet files" in refusal(copy, tmp_path)


@pytest.mark.parametrize("keep_copy", [True, False])
def test_what_a_killed_start_left_without_noting_it_goes_when_it_is_not_there_any_more(
    bucket, tmp_path, monkeypatch, keep_copy
):
    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as now:
        now.setattr("esc_gpu.data.remote.fetched.Fetched.add", killed)
        now.setattr("esc_gpu.data.remote.placeholders.write_text", killed)
        with pytest.raises(KeyboardInterrupt):
            copy(tmp_path, keep_copy=keep_copy)
    here = {path for path in PATHS if list(tmp_path.rglob(path.partition("/")[2]))}
    (place,) = (tmp_path / "remote").iterdir()
    gone = next(path for path in PATHS if (place / "sounds" / path).exists())
    assert here
    bucket.remove(gone)
    table = tmp_path / "table.csv"
    left = next(path for path in PATHS if path != gone)
    table.write_text(f"path,label,fold\n{left},cat,1\n", encoding="utf-8")
    copy(tmp_path, keep_copy=keep_copy, table=table)  # which is whole in its way
    folder = copy(tmp_path, keep_copy=keep_copy)
    assert set(files_in(folder)) == {*PATHS} - {gone}


def test_a_table_of_other_paths_leaves_the_copy_as_it_is(bucket, tmp_path):
    folder = copy(tmp_path)
    bucket.put("metadata.parquet", b"no audio")
    table = tmp_path / "table.csv"
    table.write_text("path,label,fold\nsounds/x.wav,cat,1\n", encoding="utf-8")
    assert "has no recordings of the table; expected audio files" in refusal(copy, tmp_path, table=table)
    assert len(files_in(folder)) == 12
    copy(tmp_path)
    assert bucket.fetched == Counter(PATHS)


@pytest.mark.parametrize("name", ["lock", "Steps", "contents.jsonl", "complete.json", "fetched.jsonl", ".coming-home"])
def test_an_address_may_be_called_as_what_lies_beside_its_folder(bucket, tmp_path, name):
    for path in PATHS:
        bucket.files.pipe_file(f"/bucket/{name}/{path}", b"x")
    for _ in range(2):
        folder = local_root(f"memory://bucket/{name}", tmp_path, progress=False)
        local_root(f"memory://bucket/{name}", tmp_path, progress=False, keep_copy=False)
        assert set(files_in(folder)) == {*PATHS} and all(files_in(folder).values())


def test_a_listing_without_recordings_changes_nothing_here(bucket, tmp_path, monkeypatch):
    folder = copy(tmp_path)
    with monkeypatch.context() as now:
        now.setattr("esc_gpu.data.remote.folder.list_files", lambda *arguments: [])  # as of a page for maintenance
        assert "has no recordings" in refusal(copy, tmp_path)

    def unreachable(*arguments, **options):
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(MemoryFileSystem, "ls", unreachable)
    assert copy(tmp_path) == folder and len(files_in(folder)) == 12


def test_names_that_windows_refuses_are_said_there(bucket, tmp_path, monkeypatch):
    bucket.put("dog/12:30.wav")
    assert (copy(tmp_path) / "dog" / "12:30.wav").is_file()
    monkeypatch.setattr("esc_gpu.data.remote.listing.REFUSED", {*'<>:"|?*'})
    assert "a file is called 'dog/12:30.wav'; expected" in refusal(copy, tmp_path)


def test_folders_of_archives_and_disks_are_no_recordings_here_nor_there(bucket, tmp_path):
    for inside in ("__MACOSX", ".AppleDouble", "dog/.cache", "lost+found"):
        bucket.put(f"{inside}/0 é.wav")
    folder = copy(tmp_path)
    assert set(files_in(folder)) == {*PATHS}
    for inside in ("__MACOSX", "dog/.cache", "lost+found"):
        (folder / inside).mkdir()
        (folder / inside / "0.wav").touch()
    assert len(read_recordings(folder).filenames) == 12


def test_an_archive_that_is_broken_is_a_line(bucket, tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path in PATHS:
            archive.writestr(path, path.encode() * 9)
    bucket.files.pipe_file("/bucket/x.zip", file.getvalue())
    address = "zip://::memory://bucket/x.zip"
    assert len(files_in(local_root(address, tmp_path / "whole", progress=False))) == 12
    cut = file.getvalue().replace(PATHS[0].encode() * 9, b"?" * len(PATHS[0].encode() * 9))
    for number, content in enumerate((file.getvalue()[:300], cut)):
        bucket.files.pipe_file("/bucket/x.zip", content)
        message = refusal(local_root, address, tmp_path / str(number), progress=False)
        assert "BadZipFile, " in message and "; expected an archive that is whole; replace it" in message
