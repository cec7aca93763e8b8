"""The most bytes that tensors of a device hold at a time, of fake tensors as well."""

import weakref
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class PeakMemory(TorchDispatchMode):
    """Counts inside a `with` block, what is made in it; enter it after a FakeTensorMode.

    What a library takes for itself inside one call (cuFFT's and cuBLAS's workspaces) is not known.
    """

    def __init__(self, device_type: str = "cuda"):
        super().__init__()
        self.device_type = device_type
        self.held: dict[int, int] = {}
        self.peak = 0

    def __torch_dispatch__(self, operator: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        result = operator(*arguments, **(options or {}))
        given = {id(tensor.untyped_storage()) for tensor in tensors((arguments, options), self.device_type)}
        for tensor in tensors(result, self.device_type):
            storage = tensor.untyped_storage()
            if id(storage) not in self.held and id(storage) not in given:
                self.held[id(storage)] = storage.nbytes()
                weakref.finalize(storage, self.held.pop, id(storage), None)
        self.peak = max(self.peak, sum(self.held.values()))
        return result


def tensors(tree: Any, device_type: str) -> list[Tensor]:
    """Those of a device."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor) and leaf.device.type == device_type]
