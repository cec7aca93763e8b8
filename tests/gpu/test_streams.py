"""Streaming's own code on a model of CUDA's streams: no batch is wrong, and each wait is needed."""

import numpy as np
import pytest
import torch

from esc_gpu.data.store import prefetch
from esc_gpu.data.store.read import ArrayStore
from tests.helpers.gpu_streams import Device

CUDA = torch.device("cuda", 1)
CLIPS = np.arange(1, 41, dtype=np.int16)[:, None].repeat(30, 1)
BATCHES = [np.arange(start, start + 4) % 40 for start in range(0, 96, 4)]


def stream(monkeypatch, device, place=CUDA):
    """The batches as the computation saw them."""
    seen = []
    monkeypatch.setattr(prefetch, "torch", device)
    monkeypatch.setattr(prefetch, "copy_stream", lambda place: device.copying)
    monkeypatch.setattr(prefetch, "send_numbers", lambda index_batches, place: index_batches)
    for batch, _ in prefetch.stream_batches(ArrayStore(CLIPS), BATCHES, place, 2):
        device.read(batch, seen)
        del batch
    device.copying.finish()
    device.compute.finish()
    assert len(seen) == len(BATCHES)
    return seen


def wrong_batches(monkeypatch, seed, without=None):
    """How many batches the computation saw with other clips than were asked for."""
    device = Device(seed, without)
    if without is not None:
        owner, name = device.left_out
        monkeypatch.setattr(owner, name, lambda *arguments: None)
    seen = stream(monkeypatch, device)
    return sum(not np.array_equal(got.numpy(), CLIPS[index]) for got, index in zip(seen, BATCHES, strict=True))


@pytest.mark.parametrize("seed", range(10))
def test_every_batch_is_computed_with_as_it_was_read(monkeypatch, seed):
    assert wrong_batches(monkeypatch, seed) == 0


@pytest.mark.parametrize("without", ["wait_event", "synchronize", "record_stream"])
def test_without_a_wait_batches_are_wrong(without):
    found = []
    for seed in range(10):
        with pytest.MonkeyPatch.context() as patch:
            found.append(wrong_batches(patch, seed, without))
    assert sum(count > 0 for count in found) >= 5


@pytest.mark.parametrize(("place", "index"), [(CUDA, 1), (torch.device("cuda"), 3)])
def test_each_reader_takes_the_device_of_its_batches(monkeypatch, place, index):
    """Where the device has no number, it is that of the thread that asks for the batches."""
    device = Device(0)
    stream(monkeypatch, device, place)
    names = [name for name, _ in device.devices]
    assert 1 <= len(names) == len(set(names)) <= 2 and all(name.startswith("esc_gpu-reader") for name in names)
    assert {taken for _, taken in device.devices} == {index}
