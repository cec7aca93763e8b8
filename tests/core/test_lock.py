"""A lock is one process's, ends with it, and leaves no file."""

import errno
import os
import threading

import pytest

from esc_gpu.core import lock as lock_module
from esc_gpu.core.lock import InUseError, lock, locked


def test_a_second_holder_is_refused_and_told_of_the_first(tmp_path):
    file = tmp_path / ".lock"
    with locked(file) as is_locked:
        assert is_locked
        with pytest.raises(InUseError, match=f"^process {os.getpid()} on ."), locked(file, wait=False):
            pass
    assert not list(tmp_path.iterdir())


def test_one_that_waits_comes_next_and_finds_a_file_of_its_own(tmp_path):
    file, order = tmp_path / ".lock", []
    waiting = threading.Event()

    def second():
        waiting.set()
        with locked(file):
            order.append("second")
            assert file.exists()

    with locked(file):
        thread = threading.Thread(target=second)
        thread.start()
        waiting.wait()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"] and not list(tmp_path.iterdir())


def test_what_a_kill_left_is_taken_over(tmp_path):
    (tmp_path / ".lock").write_text("process 1 on another, with a long name", encoding="utf-8")
    with locked(tmp_path / ".lock", wait=False):
        assert (tmp_path / ".lock").read_text(encoding="utf-8").startswith(f" process {os.getpid()} on ")
        assert "long name" not in (tmp_path / ".lock").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EBADF, errno.EIO])
def test_a_file_system_without_locks_is_no_error_and_a_bad_disk_is(tmp_path, monkeypatch, number):
    def fail(handle, blocking):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock_module, "lock_descriptor", fail)
    with open(tmp_path / "file", "wb") as file:
        if number == errno.EIO:
            with pytest.raises(OSError, match="Input/output error"):
                lock(file)
        else:
            assert not lock(file)


def test_a_network_drive_without_locks_on_windows_is_no_error(tmp_path, monkeypatch):
    def fail(handle, blocking):
        error = OSError(errno.EINVAL, "The request is not supported")
        error.winerror = 50
        raise error

    monkeypatch.setattr(lock_module, "lock_descriptor", fail)
    with locked(tmp_path / ".lock") as is_locked:
        assert not is_locked
    assert not list(tmp_path.iterdir())


def test_windows_removes_the_file_once_it_is_closed_and_leaves_it_to_one_that_waits(tmp_path, monkeypatch):
    closed, close, unlink = [], os.close, type(tmp_path).unlink
    in_use = iter([False, True])

    def note_close(handle):
        closed.append(handle)
        close(handle)

    def refuse_open_file(path, missing_ok=False):
        if not closed or next(in_use):
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        unlink(path, missing_ok)

    monkeypatch.setattr(lock_module, "WINDOWS", True)
    monkeypatch.setattr(lock_module.os, "close", note_close)
    monkeypatch.setattr(type(tmp_path), "unlink", refuse_open_file)
    for is_there in (False, True):
        with locked(tmp_path / ".lock"):
            closed.clear()
        assert (tmp_path / ".lock").exists() == is_there


def test_a_file_that_cannot_be_made_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError), locked(tmp_path / "nowhere" / ".lock"):
        pass
