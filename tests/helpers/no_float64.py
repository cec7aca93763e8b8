"""A device without float64, acted by the CPU: what Apple's MPS would refuse is refused, and all else is computed."""

import contextlib
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import torch
from accelerate.state import PartialState
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode

from tests.helpers.private_torch import find_or_skip

TorchDispatchMode = find_or_skip("torch.utils._python_dispatch", "TorchDispatchMode")
tree_leaves = find_or_skip("torch.utils._pytree", "tree_leaves")
MPS, CPU = torch.device("mps"), torch.device("cpu")
WIDE = torch.float64, torch.complex128


class Memory:
    """Which memory is the device's, by the tensors' storages, and which operators its tensors were given to."""

    def __init__(self) -> None:
        self.operators: set[str] = set()
        self.storages: dict[int, StorageWeakRef] = {}
        self.leaving = False  # while a tensor is copied to the host

    def holds(self, tensor: Tensor) -> bool:
        place = self.storages.get(tensor.untyped_storage()._cdata)  # its number is not given again while it is kept
        return place is not None and not place.expired()

    def add(self, tensor: Tensor) -> Tensor:
        if tensor.dtype in WIDE:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64")
        storage = tensor.untyped_storage()
        self.storages[storage._cdata] = StorageWeakRef(storage)
        return tensor


class Results(TorchDispatchMode):
    """What is computed from the device's tensors is the device's, in the forward and in the backward pass."""

    def __init__(self, memory: Memory):
        super().__init__()
        self.memory = memory

    def __torch_dispatch__(self, operator: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        result = operator(*arguments, **(options or {}))
        given = [value for value in tree_leaves((arguments, options)) if isinstance(value, Tensor)]
        if not self.memory.leaving and any(map(self.memory.holds, given)):
            self.memory.operators.add(str(operator))
            known = {tensor.untyped_storage()._cdata for tensor in given}
            for value in tree_leaves(result):  # views and what is changed in place stay where they are
                if isinstance(value, Tensor) and value.untyped_storage()._cdata not in known:
                    self.memory.add(value)
        return result


class Places(TorchFunctionMode):
    """The words by which tensors are made on a device, moved, and asked where they are."""

    def __init__(self, memory: Memory):
        super().__init__()
        self.memory = memory

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        options = dict(options or {})
        if function == Tensor.device.__get__:
            return MPS if self.memory.holds(arguments[0]) else function(*arguments)
        if function in (Tensor.numpy, Tensor.__array__) and self.memory.holds(arguments[0]):
            raise TypeError("can't convert mps:0 device type tensor to numpy. Use Tensor.cpu() first.")
        wanted = CPU if function is Tensor.cpu else None
        if function is Tensor.to:
            wanted = next((place for value in arguments[1:] if (place := self.place(value))), None)
            arguments = [CPU if isinstance(value, (str, torch.device)) else value for value in arguments]
        if options.get("device") is not None:
            wanted, options["device"] = self.place(options["device"]), CPU
        if wanted is None:
            return function(*arguments, **options)
        if function in (Tensor.to, Tensor.cpu):
            return self.move(function, arguments, options, wanted)
        result = function(*arguments, **options)
        return self.memory.add(result) if wanted == MPS else result

    def place(self, value: Any) -> torch.device | None:
        """The device that an argument names, if it does."""
        if isinstance(value, Tensor):
            return MPS if self.memory.holds(value) else CPU
        return torch.device(value) if isinstance(value, (str, torch.device)) else None

    def move(self, function: Any, arguments: Any, options: Any, wanted: torch.device) -> Tensor:
        tensor = arguments[0]
        here = MPS if self.memory.holds(tensor) else CPU
        if here == wanted:
            return function(*arguments, **options)
        if wanted == MPS and options.get("non_blocking") and not tensor.is_pinned():
            raise RuntimeError("MPS may read the memory of a copy that is not waited for after it was freed")
        self.memory.leaving = wanted == CPU
        try:
            moved = function(*arguments, **options)
            moved = moved.clone() if moved.data_ptr() == tensor.data_ptr() else moved
        finally:
            self.memory.leaving = False
        return self.memory.add(moved) if wanted == MPS else moved


class Generator(torch.Generator):
    """A source of random numbers that says that it is on the device; the real one cannot be made."""

    def __new__(cls, device: torch.device = CPU) -> "Generator":
        return super().__new__(cls)

    def __init__(self, device: torch.device = CPU):
        self.place = torch.device(device)

    device = property(lambda self: self.place)  # type: ignore[assignment]

    def manual_seed(self, seed: int) -> "Generator":
        super().manual_seed(seed)
        return self


@contextlib.contextmanager
def mps_without_float64() -> Iterator[Memory]:
    """Inside the block there is a device "mps" to compute on, without float64; gives its memory."""
    memory = Memory()
    with mps_is_said(), Places(memory), Results(memory):
        yield memory


@contextlib.contextmanager
def mps_is_said() -> Iterator[None]:
    """Inside the block torch and Accelerate say that there is a device "mps"; a tensor moved there is an error."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("is_available", "is_built"):
            patch.setattr(torch.backends.mps, name, lambda: True)
        patch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: MPS)
        patch.setattr(torch.accelerator, "synchronize", lambda device=None: None)
        patch.setattr(torch.mps, "empty_cache", lambda: None)
        patch.setattr(torch.mps, "recommended_max_memory", lambda: psutil.virtual_memory().total // 2)
        patch.setattr(torch.mps, "driver_allocated_memory", lambda: 0)
        patch.setattr(torch, "Generator", Generator)
        patch.setattr("esc_gpu.training.loop.Generator", Generator)
        patch.setattr(PartialState, "_shared_state", {})  # the device of an earlier training
        patch.setenv("PYTORCH_ENABLE_MPS_FALLBACK", "1")  # as Accelerate does
        yield
