"""Reading clips by number, from shards and from memory."""

import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from esc_gpu.data.store import read as waveforms_module
from esc_gpu.data.store.build import open_store
from esc_gpu.data.store.read import ArrayStore
from esc_gpu.errors import EscGpuError

RATE = 1000
N_CLIPS = 11


@pytest.fixture
def array():
    return np.random.default_rng(0).integers(-(2**15), 2**15, (N_CLIPS, RATE)).astype(np.int16)


@pytest.fixture(params=["array", 1, 3, N_CLIPS])
def store(request, array, tmp_path):
    """The same clips in memory, and in shards of one clip, of three, and of all."""
    if request.param == "array":
        return ArrayStore(array)
    return shard_store(array, tmp_path, request.param)


def shard_store(array, tmp_path, clips):
    paths = [tmp_path / f"{number}.wav" for number in range(N_CLIPS)]
    for path, waveform in zip(paths, array, strict=True):
        soundfile.write(path, waveform, RATE)
    size = 128 + 2 * RATE * clips
    return open_store(
        paths, sample_rate=RATE, clip_seconds=1.0, cache_dir=tmp_path / "cache", progress=False, shard_bytes=size
    )


def read(store, index):
    out = np.full((len(index), RATE), 77, np.int16)
    store.read_into(np.array(index, dtype=np.int64), out)
    return out


def test_shape_and_size(store):
    assert store.shape == (store.n_clips, store.n_samples) == (N_CLIPS, RATE)
    assert store.nbytes == 2 * N_CLIPS * RATE


@pytest.mark.parametrize("index", [[0], [10, 0, 5, 5, 9], list(range(N_CLIPS)), []], ids=str)
def test_rows_are_the_clips_of_the_numbers_in_their_order(store, array, index):
    np.testing.assert_array_equal(read(store, index), array[np.array(index, dtype=int)])


def test_part_of_a_larger_buffer_is_filled_and_the_rest_left(store, array):
    out = np.full((6, RATE), 77, np.int16)
    store.read_into(np.array([3, 8]), out[2:4])
    np.testing.assert_array_equal(out[2:4], array[[3, 8]])
    assert (out[[0, 1, 4, 5]] == 77).all()


def test_threads_read_at_the_same_time(store, array):
    def reads_right(seed):
        index = np.random.default_rng(seed).integers(0, N_CLIPS, 20)
        return np.array_equal(read(store, index), array[index])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(reads_right, range(100)))


def test_without_preadv_threads_take_turns_and_parts_are_put_together(array, tmp_path, monkeypatch):
    monkeypatch.delattr(os, "preadv")
    store = shard_store(array, tmp_path, 3)
    test_threads_read_at_the_same_time(store, array)
    shard = tmp_path / "cache" / store.key / "waveforms-00001.npy"
    os.truncate(shard, 128 + 2 * RATE + 10)
    with pytest.raises(EscGpuError, match=f"^{shard}: ends at byte 2138; expected a whole shard"):
        read(store, [0, 4])


@pytest.mark.parametrize("index", [[-1], [N_CLIPS], [0, 99]])
def test_number_out_of_range(store, index):
    with pytest.raises(IndexError, match=f"there are 0 to {N_CLIPS - 1}"):
        read(store, index)


@pytest.mark.parametrize(
    "out", [np.zeros((2, RATE), np.int32), np.zeros((1, RATE), np.int16), np.zeros(RATE, np.int16)]
)
def test_buffer_that_does_not_fit(store, out):
    with pytest.raises(ValueError, match=r"expected int16 \(2, 1000\)"):
        store.read_into(np.array([0, 1]), out)


@pytest.mark.parametrize("array", [np.zeros((2, 3), np.float32), np.zeros(3, np.int16)])
def test_array_of_another_kind_is_refused(array):
    with pytest.raises(EscGpuError, match=r"expected int16 \(clips, samples\); convert them"):
        ArrayStore(array)


def test_reads_that_come_in_parts_are_put_together(array, tmp_path, monkeypatch):
    store, preadv = shard_store(array, tmp_path, 3), os.preadv
    monkeypatch.setattr(waveforms_module.os, "preadv", lambda fd, rows, at: preadv(fd, [rows[0][:333]], at))
    np.testing.assert_array_equal(read(store, [7, 2]), array[[7, 2]])


def test_shard_that_shrank_is_named(array, tmp_path):
    store = shard_store(array, tmp_path, 3)
    shard = tmp_path / "cache" / store.key / "waveforms-00001.npy"
    os.truncate(shard, 128 + 2 * RATE + 10)
    np.testing.assert_array_equal(read(store, [3]), array[[3]])
    with pytest.raises(EscGpuError, match=f"^{shard}: ends at byte 2138; expected a whole shard"):
        read(store, [0, 4])


def test_shard_that_is_gone_or_cannot_be_read_is_named(array, tmp_path, monkeypatch):
    store = shard_store(array, tmp_path, 3)
    shard = tmp_path / "cache" / store.key / "waveforms-00001.npy"
    shard.rename(tmp_path / "gone")
    with pytest.raises(EscGpuError, match=f"^{shard}: No such file or directory; expected a shard"):
        read(store, [4])

    def broken(*_):
        raise OSError(5, "Input/output error")

    (tmp_path / "gone").rename(shard)
    monkeypatch.setattr(waveforms_module.os, "preadv", broken)
    with pytest.raises(EscGpuError, match=f"^{shard}: Input/output error; .*--data.cache_dir"):
        read(store, [4])


def test_files_are_opened_once_and_closed_with_the_store(array, tmp_path):
    def descriptors():
        links = (os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd"))
        return sum(os.path.islink(link) and str(tmp_path) in os.readlink(link) for link in links)

    store = shard_store(array, tmp_path, 3)
    assert descriptors() == 0
    for _ in range(3):
        read(store, [0, 1, 10])
    assert descriptors() == 2
    del store
    assert descriptors() == 0


def test_store_that_went_through_pickle_reads_the_same_clips(array, tmp_path):
    store = shard_store(array, tmp_path, 3)
    read(store, [0])  # a file that is open does not go along
    copy = pickle.loads(pickle.dumps(store))
    assert (copy.key, copy.sample_rate, copy.shape) == (store.key, store.sample_rate, store.shape)
    del store
    np.testing.assert_array_equal(read(copy, list(range(N_CLIPS))), array)
