"""Batches: what is in them, in which order, on which rank."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from esc_gpu import EscGpuError
from esc_gpu.data.store.build import open_store
from esc_gpu.data.store.read import ArrayStore
from esc_gpu.data.store.source import WaveformSource, free_memory

CPU = torch.device("cpu")


@pytest.fixture
def waveforms():
    return np.random.default_rng(0).integers(-(2**15), 2**15, (20, 50)).astype(np.int16)


def open_shards(waveforms, tmp_path):
    """The clips as a store of shards of three clips."""
    paths = [tmp_path / f"{number}.wav" for number in range(len(waveforms))]
    for path, waveform in zip(paths, waveforms, strict=True):
        soundfile.write(path, waveform, 1000)
    size = 128 + 3 * 2 * 50
    return open_store(
        paths, sample_rate=1000, clip_seconds=0.05, cache_dir=tmp_path / "cache", progress=False, shard_bytes=size
    )


def assert_batches(source, index_batches, waveforms):
    batches = list(source.batches(index_batches))
    for (waveform, clips), index in zip(batches, index_batches, strict=True):
        assert waveform.dtype == torch.int16 and clips.dtype == torch.int64
        assert clips.tolist() == index.tolist()
        assert np.array_equal(waveform.numpy(), waveforms[index])


INDEX = [np.array([3, 1]), np.array([19, 0, 0]), np.array([5])]


@pytest.mark.parametrize("residence", ["device", "stream", "auto"])
@pytest.mark.parametrize("in_shards", [True, False])
def test_a_batch_holds_the_clips_of_its_numbers(waveforms, tmp_path, residence, in_shards):
    store = open_shards(waveforms, tmp_path) if in_shards else waveforms
    source = WaveformSource(store, CPU, residence)
    assert (source.n_clips, source.n_samples) == (20, 50)
    assert_batches(source, INDEX, waveforms)
    assert_batches(source, INDEX[::-1], waveforms)  # the next epoch


@pytest.mark.parametrize("residence", ["device", "stream"])
def test_no_batches_is_no_batches(waveforms, residence):
    assert list(WaveformSource(waveforms, CPU, residence).batches([])) == []


@pytest.mark.parametrize("residence", ["device", "stream"])
def test_a_batch_that_is_kept_stays_as_it_was(waveforms, residence):
    source = WaveformSource(waveforms, CPU, residence)
    kept = [waveform for waveform, _ in source.batches([np.array([number]) for number in range(20)])]
    assert np.array_equal(torch.cat(kept).numpy(), waveforms)
    kept[0].zero_()  # nor is it a view of what later epochs read
    assert_batches(source, [np.array([0])], waveforms)


def test_auto_streams_what_does_not_fit(waveforms, monkeypatch):
    free = {"bytes": 2 * waveforms.nbytes - 2}
    monkeypatch.setattr("esc_gpu.data.store.source.free_memory", lambda device: free["bytes"])
    assert WaveformSource(waveforms, CPU).resident is None
    free["bytes"] += 2
    assert WaveformSource(waveforms, CPU).resident is not None


def test_a_store_over_the_budget_is_streamed_and_gives_the_same_batches(waveforms, tmp_path):
    store = open_shards(waveforms, tmp_path)
    fits = WaveformSource(store, CPU, budget_gb=waveforms.nbytes / 1e9)
    over = WaveformSource(store, CPU, budget_gb=(waveforms.nbytes - 1) / 1e9)
    assert fits.resident is not None and over.resident is None
    order = [np.random.default_rng(step).permutation(20)[:7] for step in range(12)]
    for one, other in zip(fits.batches(order), over.batches(order), strict=True):
        assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


def test_a_budget_beyond_the_free_memory_is_no_error(waveforms, monkeypatch):
    monkeypatch.setattr("esc_gpu.data.store.source.free_memory", lambda device: waveforms.nbytes - 1)
    assert WaveformSource(waveforms, CPU, budget_gb=80).resident is None


def test_clips_that_the_device_has_no_room_for_are_refused(waveforms, monkeypatch):
    monkeypatch.setattr("esc_gpu.data.store.source.free_memory", lambda device: 1999)
    with pytest.raises(
        EscGpuError, match="^the clips take 2000 bytes and cpu has 1999 free; .*--data.residence stream"
    ):
        WaveformSource(waveforms, CPU, "device")
    assert WaveformSource(waveforms, CPU, "stream").resident is None
    monkeypatch.setattr("esc_gpu.data.store.source.free_memory", lambda device: 2000)
    assert WaveformSource(waveforms, CPU, "device").resident is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"residence": "disk"}, "data.residence 'disk' is unknown; expected one of auto, device, stream"),
        ({"budget_gb": -1}, "data.budget_gb is -1; expected 0 or more"),
        ({"budget_gb": float("nan")}, "data.budget_gb is nan; expected 0 or more"),
        ({"readers": 0}, "readers is 0; expected 1 or more"),
    ],
)
def test_option_out_of_range(waveforms, options, message):
    with pytest.raises(EscGpuError, match=message):
        WaveformSource(waveforms, CPU, **options)


def test_free_memory_counts_what_only_caches_files(monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=123, free=45))
    assert free_memory(CPU) == 123


def test_processes_of_a_machine_share_its_memory(monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=120))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert free_memory(CPU) == 30


@pytest.mark.parametrize("chunk_bytes", [1, 300, 1 << 20])
def test_clips_become_resident_chunk_by_chunk(waveforms, monkeypatch, chunk_bytes):
    monkeypatch.setattr("esc_gpu.data.store.source.CHUNK_BYTES", chunk_bytes)
    asked = []

    class Store(ArrayStore):
        def read_into(self, index, out):
            asked.append(len(index))
            super().read_into(index, out)

    source = WaveformSource(Store(waveforms), CPU, "device", readers=1)
    assert np.array_equal(source.resident.numpy(), waveforms)
    assert max(asked) == max(1, min(20, chunk_bytes // 100)) and sum(asked) == 20


@pytest.mark.parametrize("residence", ["device", "stream"])
def test_an_unreadable_shard_is_an_error_that_names_it(waveforms, tmp_path, residence):
    store = open_shards(waveforms, tmp_path)
    shard = tmp_path / "cache" / store.key / "waveforms-00002.npy"
    shard.unlink()
    with pytest.raises(EscGpuError, match=f"^{shard}: No such file or directory"):
        list(WaveformSource(store, CPU, residence).batches([np.array([0]), np.array([8])]))


def test_streaming_stopped_early_leaves_no_threads(waveforms):
    before = threading.active_count()
    for _ in WaveformSource(waveforms, CPU, "stream", readers=3).batches([np.arange(4)] * 50):
        assert threading.active_count() > before
        break
    assert threading.active_count() == before
