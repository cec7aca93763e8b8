"""A model of CUDA's streams for code that copies on one and computes on another, with a random delay before each work.

A stream does its work in order, in a thread of its own; what is not ordered by an event happens in any order. Memory of
the device that nobody has a name for any more is given to the next copy: at once, or, where it was recorded on another
stream, when that has done what it had been given until then. That is what CUDA promises, and no more.
"""

import queue
import random
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

LONGEST_DELAY = 0.002
Work = Callable[[], Any]


class Stream:
    """Does what it is given in order, each after a delay."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.works: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while (work := self.works.get()) is not None:
            time.sleep(LONGEST_DELAY * self.random.random() * (self.random.random() < 0.5))
            work()

    def give(self, work: Work) -> None:
        self.works.put(work)

    def wait_event(self, event: "Event") -> None:
        happened = event.happened
        self.give(happened.wait)

    def finish(self) -> None:
        self.works.put(None)
        self.thread.join()


class Event:
    def __init__(self, **options: Any):
        self.happened = threading.Event()

    def record(self, stream: Stream) -> None:
        stream.give(self.happened.set)

    def synchronize(self) -> None:
        self.happened.wait()


class DeviceTensor:
    """A batch on the device: memory, which computing reads later than the host asks for it."""

    def __init__(self, memory: Tensor, free: Callable[[Tensor, list[Stream]], None]):
        self.memory, self.users = memory, []
        weakref.finalize(self, free, memory, self.users)

    def record_stream(self, stream: Stream) -> None:
        self.users.append(stream)


class HostTensor(Tensor):
    """Pinned memory, whose copy to the device is a work of the current stream."""

    device_model: Any = None

    def to(self, device: torch.device, non_blocking: bool = False) -> DeviceTensor:  # type: ignore[override]
        return HostTensor.device_model.copy(self)


class Device:
    """Stands for the module `torch` in the code that is looked at.

    Args:
        seed: of the delays.
        without: what is left out, to see that it is needed: "wait_event", "synchronize" or "record_stream".
    """

    def __init__(self, seed: int, without: str | None = None):
        self.compute, self.copying = Stream(2 * seed), Stream(2 * seed + 1)
        self.current, self.free_memory = self.compute, []
        self.lock = threading.Lock()
        self.devices: list[tuple[str, int]] = []  # that a thread has taken
        leave_out = {"wait_event": Stream, "synchronize": Event, "record_stream": DeviceTensor}
        self.left_out = (leave_out[without], without) if without else None
        self.cuda = SimpleNamespace(
            current_stream=lambda device: self.compute,
            Event=Event,
            stream=self.on,
            set_device=lambda index: self.devices.append((threading.current_thread().name, index)),
            current_device=lambda: 3,
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)

    def empty(self, shape: tuple[int, ...], dtype: torch.dtype, pin_memory: bool) -> Tensor:
        assert pin_memory  # or no copy is beside the computation
        HostTensor.device_model = self
        return torch.empty(shape, dtype=dtype).as_subclass(HostTensor)

    @contextmanager
    def on(self, stream: Stream) -> Any:
        before, self.current = self.current, stream
        yield
        self.current = before

    def copy(self, host: Tensor) -> DeviceTensor:
        source = host.as_subclass(Tensor)
        with self.lock:
            same = [memory for memory in self.free_memory if memory.shape == source.shape]
            memory = same[0] if same else torch.full_like(source, -1)
            self.free_memory = [other for other in self.free_memory if other is not memory]
        self.current.give(lambda: memory.copy_(source))
        return DeviceTensor(memory, self.release)

    def release(self, memory: Tensor, users: list[Stream]) -> None:
        def keep() -> None:
            with self.lock:
                self.free_memory.append(memory)

        if users:
            users[-1].give(keep)
        else:
            keep()

    def read(self, batch: DeviceTensor, into: list[Tensor]) -> None:
        """Compute with a batch, on the stream that computes."""
        memory = batch.memory  # the work knows the memory, and not the tensor
        self.compute.give(lambda: into.append(memory.clone()))
