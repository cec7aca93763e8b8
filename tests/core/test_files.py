"""Files are whole or not there, whatever happens while they are written."""

import contextlib
import json
import os
import shutil
import stat

import pytest

from esc_gpu import EscGpuError
from esc_gpu.core import files
from esc_gpu.core.files import (
    PARTIAL,
    FolderGoneError,
    check_cache,
    check_makeable,
    check_writable,
    discard,
    move,
    read_json,
    remove_leftovers,
    replacing,
    synchronize,
    write_json,
)
from tests.helpers.one_line import assert_refused


def test_an_error_while_writing_leaves_the_earlier_file(tmp_path):
    file = tmp_path / "a.json"
    write_json(file, {"a": 1})
    with pytest.raises(RuntimeError), replacing(file) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise RuntimeError
    assert json.loads(file.read_text(encoding="utf-8")) == {"a": 1} and list(tmp_path.iterdir()) == [file]


def test_a_value_that_is_not_json_writes_nothing(tmp_path):
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert not list(tmp_path.iterdir())


def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    write_json(tmp_path / "a.json", {})
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o666 & ~umask


def test_reading(tmp_path):
    write_json(tmp_path / "a.json", {"name": "Säge"})
    assert read_json(tmp_path / "a.json") == {"name": "Säge"}
    (tmp_path / "a.json").write_bytes('{\r\n"name": "Säge"}'.encode("utf-8-sig"))  # as some editors of Windows save it
    assert read_json(tmp_path / "a.json") == {"name": "Säge"}
    with pytest.raises(EscGpuError, match="no file"):
        read_json(tmp_path / "b.json")
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    with pytest.raises(EscGpuError, match="is not JSON"):
        read_json(tmp_path / "a.json")
    (tmp_path / "c.json").mkdir()
    assert_refused(lambda: read_json(tmp_path / "c.json"), "c.json: Is a directory; expected a JSON file")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 50_000, "is JSON of too many levels; expected up to 100"),
        ('{"a": ' * 150 + "1" + "}" * 150, "is JSON of too many levels; expected up to 100"),
        ('{"a": 1' + "0" * 5000 + "}", "is not JSON: Exceeds the limit"),
        ("[1]", "does not hold a JSON object; expected one, in braces"),
    ],
)
def test_json_that_nobody_writes_is_one_line(tmp_path, content, message):
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(EscGpuError, match=f"a.json {message}"):
        read_json(tmp_path / "a.json")


def test_a_name_may_be_as_long_as_the_file_system_takes_it(tmp_path):
    for name in ("a" * 240, "a" * 240 + ".json", "é" * 120 + ".json", "a." + "b" * 240):
        write_json(tmp_path / name, {})
        assert read_json(tmp_path / name) == {}


def test_what_cannot_be_written_is_refused_before(tmp_path):
    check_writable(tmp_path / "a")
    assert_refused(lambda: check_writable(tmp_path), "cannot write")
    assert_refused(lambda: check_writable(tmp_path / "none" / "a"), "in a folder that exists")
    assert_refused(lambda: check_writable(tmp_path / ("a" * 300)), "File name too long; choose another name")
    check_makeable(tmp_path / "none" / "a")
    (tmp_path / "file").touch()
    check_cache(tmp_path / "none" / "a", "--cache")
    assert_refused(lambda: check_cache(tmp_path / "file", "--cache"), "or choose another with --cache")
    assert_refused(lambda: check_makeable(tmp_path / "file" / "a"), f"({tmp_path / 'file'} is no folder)")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_content_and_names_are_on_the_disk_in_this_order(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(handle):
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def note_replace(*names):
        done.append("rename")
        replace(*names)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    write_json(tmp_path / "a.json", {})
    assert done == ["file", "rename", "folder"]


def test_a_full_disk_names_the_file(tmp_path):
    with pytest.raises(OSError) as raised, replacing(tmp_path / "a.json"):
        raise OSError(28, "No space left on device")
    assert raised.value.filename == str(tmp_path / "a.json") and not list(tmp_path.iterdir())
    with pytest.raises(OSError) as raised, replacing(tmp_path / "b" / "a.json"):
        pass
    assert raised.value.filename == str(tmp_path / "b" / "a.json")


@pytest.mark.parametrize("moment", ["before", "meanwhile", "at the end"])
def test_a_folder_that_goes_is_named(tmp_path, monkeypatch, moment):
    folder = tmp_path / "answers"
    folder.mkdir()
    if moment == "before":
        folder.rmdir()
    elif moment == "at the end":
        monkeypatch.setattr(files, "move", lambda source, target: shutil.rmtree(folder))
    words = "its folder does not exist, or was removed meanwhile"
    with pytest.raises(FolderGoneError, match=words) as raised, replacing(folder / "a.csv"):
        if moment == "meanwhile":
            shutil.rmtree(folder)
    assert raised.value.filename == str(folder / "a.csv")


def test_a_missing_file_that_is_only_read_is_told_from_a_folder_that_goes(tmp_path):
    with pytest.raises(FileNotFoundError) as raised, replacing(tmp_path / "a.csv"):
        (tmp_path / "b.csv").read_bytes()
    assert not isinstance(raised.value, FolderGoneError) and raised.value.filename == str(tmp_path / "b.csv")


def test_a_folder_that_cannot_be_synchronised_is_no_error_and_a_bad_disk_is(tmp_path, monkeypatch):
    for number, is_error in ((22, False), (5, True)):

        def fail(handle, number=number):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError) if is_error else contextlib.nullcontext():
            write_json(tmp_path / f"{number}.json", {})
    assert [path.name for path in tmp_path.iterdir()] == ["22.json"]


def test_what_is_discarded_or_left_over_is_gone(tmp_path, monkeypatch):
    (tmp_path / "fold1").mkdir()
    write_json(tmp_path / "fold1" / "a.json", {})
    write_json(tmp_path / "b.json", {})
    with monkeypatch.context() as context:
        context.setattr("esc_gpu.core.files.shutil.rmtree", lambda path: None)  # killed here
        discard(tmp_path / "fold1")
    (tmp_path / f"{PARTIAL}c.json-0").write_text("half", encoding="utf-8")
    assert not (tmp_path / "fold1").exists()
    discard(tmp_path / "b.json")
    remove_leftovers(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_link_to_a_folder_is_removed_and_the_folder_is_not(tmp_path):
    (tmp_path / "disk").mkdir()
    write_json(tmp_path / "disk" / "a.json", {})
    for name in ("fold1", f"{PARTIAL}fold2"):
        (tmp_path / name).symlink_to(tmp_path / "disk")
    discard(tmp_path / "fold1")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.json", "disk"]


@pytest.mark.parametrize(("windows", "refusals", "is_moved"), [(True, 3, True), (True, 99, False), (False, 1, False)])
def test_windows_is_asked_again_for_a_file_that_another_program_has_open(
    tmp_path, monkeypatch, windows, refusals, is_moved
):
    replace, calls = os.replace, []

    def refuse(*names):
        calls.append(names)
        if len(calls) <= refusals:
            raise PermissionError(13, "The process cannot access the file")
        replace(*names)

    monkeypatch.setattr(files, "WINDOWS", windows)
    monkeypatch.setattr(files, "RETRY_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr(os, "replace", refuse)
    (tmp_path / "a").touch()
    with contextlib.nullcontext() if is_moved else pytest.raises(PermissionError):
        move(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").exists() == is_moved and len(calls) == (4 if windows else 1)


def test_windows_flushes_files_open_for_writing_and_no_folders(tmp_path, monkeypatch):
    (tmp_path / "a").touch()
    opened, open_handle = [], os.open
    monkeypatch.setattr(files, "WINDOWS", True)
    monkeypatch.setattr(os, "open", lambda path, flags: opened.append((path, flags)) or open_handle(path, flags))
    synchronize(tmp_path)
    synchronize(tmp_path / "a")
    assert opened == [(tmp_path / "a", os.O_RDWR)]
