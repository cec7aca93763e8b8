"""Batches read in the background while the device works: two host buffers, filled and copied in turn."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from esc_gpu.data.store.read import Waveforms

BUFFERS = 2


class Transfer(Protocol):
    """How host memory gets to the device."""

    def allocate(self, shape: tuple[int, int]) -> Tensor:
        """A host buffer, int16."""

    def send(self, host: Tensor) -> tuple[Tensor, Callable[[], None]]:
        """The contents of a host buffer on the device, and a function that waits until the buffer may be refilled."""


class PlainTransfer:
    """A copy that is complete when `send` returns; for the CPU, too, since the buffer will hold another batch."""

    def __init__(self, device: torch.device):
        self.device = device

    def allocate(self, shape: tuple[int, int]) -> Tensor:
        return torch.empty(shape, dtype=torch.int16)

    def send(self, host: Tensor) -> tuple[Tensor, Callable[[], None]]:
        return host.to(self.device, copy=True), lambda: None


@cache
def copy_stream(device: torch.device) -> torch.cuda.Stream:
    """The stream of all copies to a device: the allocator keeps a batch's memory for later ones of the same stream."""
    return torch.cuda.Stream(device)


class CudaTransfer:
    """Copies from pinned memory on a stream of their own, beside the computation; the host never waits in `send`."""

    def __init__(self, device: torch.device):
        self.device, self.stream = device, copy_stream(device)

    def allocate(self, shape: tuple[int, int]) -> Tensor:
        return torch.empty(shape, dtype=torch.int16, pin_memory=True)

    def send(self, host: Tensor) -> tuple[Tensor, Callable[[], None]]:
        compute = torch.cuda.current_stream(self.device)
        copied = torch.cuda.Event(blocking=True)  # who waits for it sleeps
        with torch.cuda.stream(self.stream):
            batch = host.to(self.device, non_blocking=True)
            copied.record(self.stream)
        compute.wait_event(copied)
        batch.record_stream(compute)  # or its memory could be given to the next copy while still computed with
        return batch, copied.synchronize


def create_transfer(device: torch.device) -> Transfer:
    """The transfer for a device."""
    return CudaTransfer(device) if device.type == "cuda" else PlainTransfer(device)


def send_numbers(index_batches: Sequence[np.ndarray], device: torch.device) -> tuple[Tensor, ...]:
    """Each `(B,)` of clip numbers as int64 on the device: slices of one tensor, which takes one copy.

    Only CUDA does not wait for it. Apple's MPS would read the memory after it was freed, and take wrong numbers.
    Source: issues 139550 and 189690 of PyTorch.
    """
    numbers = torch.from_numpy(np.concatenate(index_batches).astype(np.int64))
    is_cuda = device.type == "cuda"
    if is_cuda:
        numbers = numbers.pin_memory()
    return numbers.to(device, non_blocking=is_cuda).split([len(index) for index in index_batches])


def index_of(device: torch.device) -> int:
    """The number of a CUDA device; of one without a number that of this thread's."""
    return torch.cuda.current_device() if device.index is None else device.index


def stream_batches(
    store: Waveforms, index_batches: Sequence[np.ndarray], device: torch.device, readers: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """For each `(B,)` of clip numbers the waveforms `(B, T)` int16 and the numbers `(B,)` int64, on the device.

    While a batch is used, `readers` threads read the next into one buffer, and the one after it into the other as
    soon as that has been copied; it is they who wait for the copy, not the caller.

    Raises:
        EscGpuError: for a store that cannot be read.
    """
    if not index_batches:
        return
    numbers, transfer = send_numbers(index_batches, device), create_transfer(device)
    rows = max(len(index) for index in index_batches)
    buffers = [transfer.allocate((rows, store.n_samples)) for _ in range(BUFFERS)]
    # A new thread's CUDA device is the first one: there a wait might open a context, a waste of half a gigabyte.
    of_thread = (torch.cuda.set_device, (index_of(device),)) if device.type == "cuda" else (None, ())
    pool = ThreadPoolExecutor(readers, "esc_gpu-reader", *of_thread)

    def fill(step: int, is_free: Callable[[], None] = lambda: None) -> list[Future[None]]:
        """Start reading a batch into its buffer, a share of the rows in each task."""
        index, buffer = index_batches[step], buffers[step % BUFFERS].numpy()
        shares = [share for share in np.array_split(np.arange(len(index)), readers) if len(share)]
        return [
            pool.submit(_read_share, store, index[share], buffer[share[0] : share[-1] + 1], is_free) for share in shares
        ]

    def take(step: int) -> tuple[Tensor, Tensor]:
        """A batch that has been read, its buffer being given to the next but one."""
        for share in reading.pop(step):
            share.result()
        batch, is_free = transfer.send(buffers[step % BUFFERS][: len(index_batches[step])])
        if step + BUFFERS < len(index_batches):
            reading[step + BUFFERS] = fill(step + BUFFERS, is_free)
        return batch, numbers[step]

    try:
        reading = {step: fill(step) for step in range(min(BUFFERS, len(index_batches)))}
        for step in range(len(index_batches)):
            yield take(step)  # no name here keeps the batch once the caller has done with it
    finally:  # also where the caller stops early
        pool.shutdown(cancel_futures=True)


def _read_share(store: Waveforms, index: np.ndarray, rows: np.ndarray, is_free: Callable[[], None]) -> None:
    is_free()
    store.read_into(index, rows)
