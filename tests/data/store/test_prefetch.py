"""Streaming: buffers in turn, refilled only once copied, and readers that fail or are stopped."""

import threading
import time

import numpy as np
import pytest
import torch

from esc_gpu import EscGpuError
from esc_gpu.data.store import prefetch as stream
from esc_gpu.data.store.prefetch import PlainTransfer, send_numbers, stream_batches
from esc_gpu.data.store.read import ArrayStore

CPU = torch.device("cpu")


@pytest.fixture
def waveforms():
    return np.random.default_rng(0).integers(-(2**15), 2**15, (40, 50)).astype(np.int16)


def index_batches(count=10, size=4):
    rng = np.random.default_rng(1)
    return [rng.integers(0, 40, size) for _ in range(count)]


def reader_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("esc_gpu-reader")]


class SlowTransfer:
    """As on a GPU: `send` returns before the copy, which then takes a while."""

    def __init__(self, device):
        self.buffers, self.waiting = [], []

    def allocate(self, shape):
        self.buffers.append(torch.empty(shape, dtype=torch.int16))
        return self.buffers[-1]

    def send(self, host):
        batch, copied = torch.empty_like(host), threading.Event()

        def copy():
            time.sleep(0.02)
            batch.copy_(host)
            copied.set()

        threading.Thread(target=copy).start()

        def wait():
            self.waiting.append(threading.current_thread().name)
            assert copied.wait(10)

        return batch, wait


class SlowStore(ArrayStore):
    """Notes who reads which clips, and takes its time."""

    def __init__(self, waveforms, seconds=0.0):
        super().__init__(waveforms)
        self.seconds, self.read, self.threads = seconds, [], set()

    def read_into(self, index, out):
        time.sleep(self.seconds)
        self.read.extend(index.tolist())
        self.threads.add(threading.current_thread().name)
        super().read_into(index, out)


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.parametrize("readers", [1, 2, 3, 8])
@pytest.mark.parametrize("sizes", [[4] * 9, [4, 4, 1], [1, 5, 2, 5], [3]], ids=str)
def test_every_batch_holds_its_clips_and_numbers(waveforms, readers, sizes):
    batches = [np.random.default_rng(size).integers(0, 40, size) for size in sizes]
    given = list(stream_batches(ArrayStore(waveforms), batches, CPU, readers))  # kept: none may be overwritten later
    for (waveform, numbers), index in zip(given, batches, strict=True):
        assert waveform.dtype == torch.int16 and numbers.dtype == torch.int64
        assert numbers.tolist() == index.tolist()
        np.testing.assert_array_equal(waveform.numpy(), waveforms[index])


def test_no_batches_need_no_threads(waveforms):
    assert list(stream_batches(ArrayStore(waveforms), [], CPU, 2)) == []


@pytest.mark.parametrize("readers", [1, 3])
def test_a_buffer_is_refilled_only_after_its_copy_and_the_readers_wait_for_it(waveforms, monkeypatch, readers):
    transfers = []
    monkeypatch.setattr(
        stream, "create_transfer", lambda device: transfers.append(SlowTransfer(device)) or transfers[0]
    )
    batches = index_batches()
    given = list(stream_batches(ArrayStore(waveforms), batches, CPU, readers))
    time.sleep(0.1)  # the last copies
    for (waveform, _), index in zip(given, batches, strict=True):
        np.testing.assert_array_equal(waveform.numpy(), waveforms[index])
    transfer = transfers[0]
    assert len(transfer.buffers) == 2 and transfer.buffers[0].shape == (4, 50)
    assert len(transfer.waiting) == 8 * readers  # each reader of each batch but the first two
    assert all(name.startswith("esc_gpu-reader") for name in transfer.waiting)


def test_the_next_two_batches_are_read_while_one_is_used(waveforms):
    store, batches = SlowStore(waveforms), index_batches()
    running = stream_batches(store, batches, CPU, 1)
    assert store.read == []
    next(running)
    wait_until(lambda: len(store.read) == 12)
    time.sleep(0.05)
    assert store.read == np.concatenate(batches[:3]).tolist()
    next(running)
    wait_until(lambda: len(store.read) == 16)
    running.close()


def test_reading_and_using_overlap(waveforms):
    started = time.perf_counter()
    for _ in stream_batches(SlowStore(waveforms, 0.05), index_batches(), CPU, 1):
        time.sleep(0.05)
    assert time.perf_counter() - started < 0.8  # one after the other it would take 1 s


@pytest.mark.parametrize("readers", [1, 2, 4])
def test_the_rows_of_a_batch_are_shared_among_the_readers(waveforms, readers):
    store = SlowStore(waveforms, 0.01)
    for _ in stream_batches(store, index_batches(), CPU, readers):
        assert len(reader_threads()) == readers
    assert len(store.threads) == readers
    assert reader_threads() == []


class FailingStore(ArrayStore):
    def read_into(self, index, out):
        if 13 in index:
            raise EscGpuError("waveforms-00007.npy: Input/output error")
        super().read_into(index, out)


def test_error_of_a_reader_reaches_the_caller_with_its_batch(waveforms):
    batches = [np.array([0, 1]), np.array([2, 3]), np.array([4, 13]), np.array([5, 6])]
    running = stream_batches(FailingStore(waveforms), batches, CPU, 2)
    assert [next(running)[1].tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(EscGpuError, match="^waveforms-00007.npy: Input/output error$"):
        next(running)
    assert reader_threads() == []


@pytest.mark.parametrize("steps", [1, 2, 9])
@pytest.mark.parametrize("stop", ["close", "forget", "raise"])
def test_stopping_early_ends_the_threads(waveforms, steps, stop):
    def use(running):
        for step, _ in enumerate(running, 1):
            if step == steps:
                if stop == "raise":
                    raise KeyError("of the caller")
                return

    running = stream_batches(SlowStore(waveforms, 0.005), index_batches(), CPU, 2)
    if stop == "raise":
        with pytest.raises(KeyError):
            use(running)
    else:
        use(running)
    assert len(reader_threads()) == 2
    if stop == "close":
        running.close()
    del running
    assert reader_threads() == []


def test_plain_transfer_gives_a_copy():
    transfer = PlainTransfer(CPU)
    buffer = transfer.allocate((2, 3))
    assert buffer.shape == (2, 3) and buffer.dtype == torch.int16
    batch, is_free = transfer.send(buffer.fill_(7))
    is_free()
    buffer.fill_(8)
    assert batch.tolist() == [[7] * 3] * 2


def test_numbers_are_slices_of_one_tensor():
    parts = send_numbers([np.array([3, 1], np.int32), np.array([], np.int64), np.array([2])], CPU)
    assert [part.tolist() for part in parts] == [[3, 1], [], [2]]
    assert {part.dtype for part in parts} == {torch.int64}
    assert len({part.untyped_storage().data_ptr() for part in parts}) == 1
