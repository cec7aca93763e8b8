"""What a CUDA device is asked for, counted from the operations on tensors that say they are on it.

Nothing is measured: fake tensors are enough (`torch._subclasses.fake_tensor`). One kernel is counted for an operation,
with the exceptions below; what a library launches inside one call (cuFFT's passes, cuDNN's transposes) is not known.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from esc_gpu.core import profiling

# They make room, or a name for it, and run no kernel. Views are found by their schema.
NO_KERNEL = {
    *("empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "_unsafe_view", "_reshape_alias"),
    *("lift_fresh", "device", "record_stream", "set_", "is_pinned", "_pin_memory"),
    *("sym_size", "sym_stride", "sym_numel", "size", "stride", "numel", "is_contiguous", "resize_"),
}
# The host cannot go on before the device has answered.
WAITING = {
    *("_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero", "bincount", "histc", "unique_dim"),
    *("_unique2", "_unique", "unique_consecutive", "repeat_interleave", "_linalg_check_errors"),
}
PRODUCTS = {"mm": (0, 1), "bmm": (0, 1), "addmm": (1, 2), "baddbmm": (1, 2)}


@dataclass
class Work:
    """What one phase asks for.

    Attributes:
        launches: kernels.
        read, written: bytes of the tensors that kernels take and give; of an overlapping view what is under it.
        operations: kernels by operator.
        waits: operators, or copies, for which the host waits.
        copies: operators that copy between host and device, each as "operator: from -> to".
        hidden: bytes of copies that nobody wrote: of operands that cuBLAS cannot take, and of overlapping frames. They
            are among the bytes written.
    """

    launches: int = 0
    read: int = 0
    written: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    waits: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    hidden: int = 0

    @property
    def bytes(self) -> int:
        """Bytes read and written."""
        return self.read + self.written

    def add(self, other: "Work") -> None:
        """Add another phase's to this."""
        self.launches += other.launches
        self.read += other.read
        self.written += other.written
        self.operations += other.operations
        self.waits += other.waits
        self.copies += other.copies
        self.hidden += other.hidden

    def add_share(self, other: "Work", n_steps: int) -> None:
        """Add what `other` asks for more than this, done once in so many steps: a share of it, rounded up."""
        self.launches += -(-(other.launches - self.launches) // n_steps)
        self.read += -(-(other.read - self.read) // n_steps)
        self.written += -(-(other.written - self.written) // n_steps)


class Launches(TorchDispatchMode):
    """Counts inside a `with` block, by phase; enter it after a FakeTensorMode.

    Args:
        device_type: of the tensors whose operations count. "cpu" counts a backward pass: autograd's engine asks CUDA
            for a context that fake tensors do not have, and the operations are the same ones.
    """

    def __init__(self, device_type: str = "cuda"):
        super().__init__()
        self.device_type = device_type
        self.phases: dict[str, Work] = {}
        self.names = ["other"]

    @property
    def total(self) -> Work:
        """All phases together."""
        total = Work()
        for work in self.phases.values():
            total.add(work)
        return total

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What happens inside counts for this phase, and for no phase around it."""
        self.names.append(name)
        try:
            yield
        finally:
            self.names.pop()

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        """The phases are those that the package names for its profiler."""
        before = profiling._active
        profiling._active = self  # type: ignore[assignment]  # it has `phase`, which is all that is called
        try:
            yield
        finally:
            profiling._active = before

    def __torch_dispatch__(self, operator: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        options = options or {}
        work = self.phases.setdefault(self.names[-1], Work())
        given = [value for value in tree_leaves((arguments, options)) if isinstance(value, Tensor)]
        name = operator._schema.name.partition("::")[2]
        here = any(tensor.device.type == self.device_type for tensor in given)
        if here and (name in WAITING or indexes_by_mask(name, arguments)):
            work.waits.append(name)  # before the call: a fake tensor has no answer, and raises
        result = operator(*arguments, **options)
        made = [value for value in tree_leaves(result) if isinstance(value, Tensor)]
        if not here and not any(tensor.device.type == self.device_type for tensor in made):
            return result
        if name in ("_to_copy", "copy_") and count_transfer(work, name, given, made, arguments, options):
            return result
        if name not in NO_KERNEL and not is_view(operator):
            self.count(work, name, arguments, given, made)
        return result

    def count(self, work: Work, name: str, arguments: Any, given: list[Tensor], made: list[Tensor]) -> None:
        """One operation of kernels."""
        launches = kernels(name, arguments)
        work.launches += launches
        work.operations[name] += launches
        work.read += sum(map(bytes_under, given))
        work.written += sum(map(bytes_under, made))
        if name == "clone" and bytes_under(given[0]) < bytes_under(made[0]):
            work.hidden += bytes_under(made[0])
        for tensor in cloned_operands(name, arguments):
            size = tensor.numel() * tensor.element_size()
            work.launches += 1
            work.operations["hidden copy"] += 1
            work.hidden += size
            work.read += bytes_under(tensor)
            work.written += size


def count_transfer(
    work: Work, name: str, given: list[Tensor], made: list[Tensor], arguments: Any, options: Any
) -> bool:
    """Whether a copy is one between host and device, and no kernel; the host waits for it unless told not to."""
    origin, target = (
        tensor.device.type for tensor in ((given[1], given[0]) if name == "copy_" else (given[0], made[0]))
    )
    if origin == target:
        return False
    copied = f"{name}: {origin} -> {target}"
    work.copies.append(copied)
    if not (options.get("non_blocking", False) or (name == "copy_" and len(arguments) > 2 and arguments[2])):
        work.waits.append(copied)
    return True


def indexes_by_mask(name: str, arguments: Any) -> bool:
    """Whether an index is a mask, of which the host must know how many cells it has."""
    if not name.startswith(("index", "_index_put", "_unsafe_index")) or len(arguments) < 2:
        return False
    indices = arguments[1] if isinstance(arguments[1], (list, tuple)) else []
    return any(isinstance(index, Tensor) and index.dtype in (torch.bool, torch.uint8) for index in indices)


def is_view(operator: Any) -> bool:
    """Whether an operator only gives its argument another shape, by its schema."""
    results = operator._schema.returns
    aliases = [value.alias_info for value in results]
    return bool(results) and all(alias is not None and not alias.is_write for alias in aliases)


def kernels(name: str, arguments: Any) -> int:
    """Kernels of an operator."""
    if name == "convolution_backward":
        return sum(map(bool, arguments[-1]))  # one for each gradient that is asked for
    if name in ("_fft_c2r", "max_pool2d_with_indices_backward"):
        return 2  # cuFFT destroys what it is given, which is copied before; the other clears first
    return 1


def bytes_under(tensor: Tensor) -> int:
    """Bytes of memory under a tensor, each once."""
    if not tensor.numel():
        return 0
    reach = 1 + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return tensor.element_size() * min(tensor.numel(), reach)


def cloned_operands(name: str, arguments: Any) -> list[Tensor]:
    """The operands that ATen copies before a matrix product, for cuBLAS cannot read them where they are.

    Of the last two dimensions one must be dense, and the other's stride at least as long as that.
    Source: `prepare_matrix_for_cublas` and `prepare_batch_matrix_for_cublas` in aten/src/ATen/native/cuda/Blas.cpp.
    """
    positions = PRODUCTS.get(name, ())
    return [arguments[position] for position in positions if not fits_cublas(arguments[position])]


def fits_cublas(tensor: Tensor) -> bool:
    """Whether a matrix product reads a tensor `(..., rows, columns)` in place."""
    rows, columns = tensor.shape[-2:]
    down, across = tensor.stride()[-2:]
    return (across == 1 and down >= max(1, columns)) or (down == 1 and across >= max(1, rows)) or tensor.is_contiguous()
