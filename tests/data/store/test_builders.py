"""Several builders of one store, and builders that die."""

import errno
import fcntl
import multiprocessing
import os
import time

import numpy as np
import pytest

from esc_gpu.data.store import build as store_module
from tests.helpers.stores import (
    RATE,
    SHARD,
    WHOLE,
    clips_of,
    contents,
    failure,
    noise,
    read,
)

FORK = multiprocessing.get_context("fork")


def in_processes(count, target):
    """Run `target(number)` in forked processes and return their exit codes."""
    processes = [FORK.Process(target=target, args=(number,)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


@pytest.mark.parametrize("locks", [True, False])
def test_builders_at_the_same_time_end_with_the_same_good_store(clips, cache, tmp_path, monkeypatch, locks):
    decode, log, barrier = store_module.decode, tmp_path / "log", FORK.Barrier(2)

    def slow_decode(path, start, **options):
        time.sleep(0.1)  # long enough for the builders to overlap
        with open(log, "a", encoding="utf-8") as file:
            file.write(".")
        return decode(path, start, **options)

    def no_locks(*_):
        barrier.wait(30)  # neither has found a store
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(store_module, "decode", slow_decode)
    if not locks:
        monkeypatch.setattr(fcntl, "flock", no_locks)

    def build(number):
        barrier.wait(30)
        np.save(tmp_path / f"{number}.npy", clips_of(read(clips, cache, workers=1)))

    assert in_processes(2, build) == [0, 0]
    for number in range(2):
        np.testing.assert_array_equal(np.load(tmp_path / f"{number}.npy"), [noise(0), noise(1), noise(2)])
    assert len(log.read_text(encoding="utf-8")) == (3 if locks else 6)  # with locks the second waits for the first
    assert len(list(cache.iterdir())) == 1 and contents(cache) == WHOLE


def test_killed_build_is_no_store_and_the_next_build_cleans_up(clips, cache, monkeypatch):
    decode = store_module.decode

    def die(path, start, **options):
        if path == clips[2]:
            os.kill(os.getpid(), 9)
        return decode(path, start, **options)

    def build(_):
        store_module.decode = die
        read(clips, cache, workers=1)

    assert in_processes(1, build) == [-9]
    assert len(contents(cache) - WHOLE) == 1 and SHARD not in contents(cache)
    np.testing.assert_array_equal(clips_of(read(clips, cache)), [noise(0), noise(1), noise(2)])
    assert contents(cache) == WHOLE


def test_lock_that_fails_is_no_missing_lock(clips, cache, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", broken)
    assert f"cache folder {cache}: Input/output error" in failure(clips, cache)


def test_full_disk_leaves_nothing_behind(clips, cache, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        message = failure(clips, cache)
    assert message.startswith(f"cache folder {cache}: No space left on device") and "--data.cache_dir" in message
    assert clips_of(read(clips, cache)).shape == (3, RATE)
