"""Stores of several shards: what is in each, and builds that were stopped."""

import multiprocessing
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from esc_gpu.data.clips.decode import decode
from esc_gpu.data.store import build as store_module
from esc_gpu.data.store.build import open_store
from esc_gpu.data.store.shards import clips_in_shard
from esc_gpu.errors import EscGpuError

RATE = 8000
N_CLIPS = 7
TWO_CLIPS = 128 + 2 * 2 * RATE  # bytes of a shard of two clips: the header, and two bytes a sample
FORK = multiprocessing.get_context("fork")


def noise(seed):
    return np.random.default_rng(seed).integers(-(2**15), 2**15, RATE).astype(np.int16)


@pytest.fixture
def paths(tmp_path):
    paths = [tmp_path / f"{seed}.wav" for seed in range(N_CLIPS)]
    for seed, path in enumerate(paths):
        soundfile.write(path, noise(seed), RATE)
    return paths


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that were decoded, in no order."""
    names, decode = [], store_module.decode

    def counted(path, *args, **options):
        names.append(path.stem)
        return decode(path, *args, **options)

    monkeypatch.setattr(store_module, "decode", counted)
    return names


def read(paths, cache, shard_bytes=TWO_CLIPS, **options):
    options = {"sample_rate": RATE, "clip_seconds": 1.0, "progress": False, "workers": 2, **options}
    return open_store(paths, cache_dir=cache, shard_bytes=shard_bytes, **options)


def shards(cache):
    return {path.name: path for path in sorted(cache.glob("*/waveforms-*.npy"))}


def assert_good(store, cache):
    """The store holds every clip, and its folder nothing else."""
    np.testing.assert_array_equal(store.read(np.arange(N_CLIPS)), [noise(seed) for seed in range(N_CLIPS)])
    others = {path.name for path in (cache / store.key).iterdir()} - set(shards(cache))
    assert others == {"index.json", "lock"}


@pytest.mark.parametrize(
    ("shard_bytes", "clips"),
    [
        (1 << 30, [7]),
        (TWO_CLIPS, [2, 2, 2, 1]),
        (TWO_CLIPS - 1, [1] * 7),
        (TWO_CLIPS + 2 * RATE, [3, 3, 1]),
        (1, [1] * 7),  # a clip is never cut
    ],
)
def test_each_shard_is_an_npy_within_its_size(paths, cache, shard_bytes, clips):
    store = read(paths, cache, shard_bytes)
    assert store.shape == (7, RATE) and store.nbytes == 7 * RATE * 2
    arrays = [np.load(path) for path in shards(cache).values()]
    assert [len(array) for array in arrays] == clips
    np.testing.assert_array_equal(np.concatenate(arrays), [noise(seed) for seed in range(N_CLIPS)])
    assert list(shards(cache)) == [f"waveforms-{number:05}.npy" for number in range(len(clips))]
    if shard_bytes > 1:
        assert max(path.stat().st_size for path in shards(cache).values()) <= shard_bytes
    assert_good(store, cache)


def test_a_shard_takes_as_many_clips_as_fit():
    assert clips_in_shard(220_500, 1 << 30) == (2**30 - 128) // 441_000 == 2434
    assert clips_in_shard(10, 148) == 1 and clips_in_shard(10, 167) == 1 and clips_in_shard(10, 168) == 2


def test_second_open_decodes_nothing(paths, cache, decoded):
    read(paths, cache)
    assert len(decoded) == 7
    assert_good(read(paths, cache), cache)
    assert len(decoded) == 7


@pytest.mark.parametrize("last", [0, 1, 2, 5, 6])
def test_killed_build_goes_on_with_the_shards_it_has_finished(paths, cache, decoded, last):
    decode = store_module.decode

    def die(path, *args, **options):
        if path == paths[last]:
            os.kill(os.getpid(), 9)
        return decode(path, *args, **options)

    def build():
        store_module.decode = die
        store_module.AHEAD_BYTES = 0  # what is decoded is written before the next is
        read(paths, cache, workers=1)

    process = FORK.Process(target=build)
    process.start()
    process.join(60)
    assert process.exitcode == -9
    finished = {name: path.stat().st_ino for name, path in shards(cache).items()}
    assert len(finished) == last // 2
    assert not list(cache.glob("*/index.json"))
    store = read(paths, cache)
    assert_good(store, cache)
    assert sorted(decoded) == [str(seed) for seed in range(2 * len(finished), N_CLIPS)]
    assert finished.items() <= {name: path.stat().st_ino for name, path in shards(cache).items()}.items()


def test_interrupted_build_goes_on(paths, cache, decoded, monkeypatch):
    fsync, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 5:  # each shard and then its folder
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(EscGpuError, match="No space left on device"):
            read(paths, cache)
    assert len(shards(cache)) == 2
    decoded.clear()
    assert_good(read(paths, cache), cache)
    assert sorted(decoded) == ["4", "5", "6"]


def test_a_bad_clip_leaves_no_shards_of_a_store_that_can_never_be(paths, cache):
    soundfile.write(paths[5], np.full(RATE, np.nan), RATE, subtype="FLOAT")
    with pytest.raises(EscGpuError, match=f"^{paths[5]}: has NaN"):
        read(paths, cache)
    assert {path.name for path in cache.glob("*/*")} == {"lock"}


@pytest.mark.parametrize("number", [0, 2, 3])
@pytest.mark.parametrize("damage", [lambda path: os.truncate(path, 1000), lambda path: path.unlink()])
def test_only_the_damaged_shard_is_decoded_again(paths, cache, decoded, number, damage):
    read(paths, cache)
    damage(list(shards(cache).values())[number])
    decoded.clear()
    assert_good(read(paths, cache), cache)
    assert sorted(decoded) == [str(seed) for seed in range(2 * number, min(2 * number + 2, N_CLIPS))]


def test_room_is_needed_for_what_is_missing_only(paths, cache, monkeypatch):
    read(paths, cache)
    list(shards(cache).values())[1].unlink()
    needed = TWO_CLIPS + store_module.SPARE_BYTES
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=needed - 1))
    with pytest.raises(EscGpuError, match="MB free; expected"):
        read(paths, cache)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=needed))
    assert_good(read(paths, cache), cache)


def test_the_bar_begins_with_what_is_there(paths, cache, capsys):
    read(paths, cache)
    list(shards(cache).values())[1].unlink()
    read(paths, cache, progress=True)
    shown = capsys.readouterr().err
    assert "5/7" in shown and "7/7" in shown and "0/7" not in shown


@pytest.mark.parametrize(("workers", "bound", "expected"), [(2, 1 << 30, 32), (2, 5 * 2 * RATE, 5), (2, 0, 2)])
def test_decoding_runs_ahead_by_so_much(paths, cache, monkeypatch, workers, bound, expected):
    monkeypatch.setattr(store_module, "AHEAD_BYTES", bound)
    submitted, submit = [], store_module.ThreadPoolExecutor.submit

    def counted(pool, *args, **options):
        submitted.append(args)
        return submit(pool, *args, **options)

    monkeypatch.setattr(store_module.ThreadPoolExecutor, "submit", counted)

    def decode_one(clip):
        return decode(paths[clip % N_CLIPS], 0, sample_rate=RATE, samples=RATE)

    recording_of = np.tile(np.arange(N_CLIPS), 10)
    waveforms = store_module._decode_all(decode_one, paths, recording_of, RATE, workers, False, "fail", np.arange(70))
    next(waveforms)
    assert len(submitted) == expected
    assert len(list(waveforms)) == 69
