"""The branches of the code that are for GPUs, run on the CPU: tensors that say they are on CUDA, and TF32 in its sums.

TF32 rounds the operands of matrix products and convolutions to ten bits of mantissa, and sums up in float32.
"""

from typing import Any

import torch
from torch import Tensor

from tests.helpers.private_torch import find_or_skip

TorchDispatchMode = find_or_skip("torch.utils._python_dispatch", "TorchDispatchMode")


class ActedCuda(Tensor):
    """A tensor of the CPU whose `is_cuda` is True, as is that of all that is computed from it."""

    is_cuda = True


def acted(tensor: Tensor) -> Tensor:
    return tensor.as_subclass(ActedCuda)


class TF32(TorchDispatchMode):
    """Products and convolutions as a GPU does them, by torch's settings at the moment; it counts what was rounded."""

    OPERANDS = {
        "mm": (0, 1),
        "bmm": (0, 1),
        "addmm": (1, 2),
        "baddbmm": (1, 2),
        "convolution": (0, 1),
        "_convolution": (0, 1),
        "mkldnn_convolution": (0, 1),
    }

    def __init__(self) -> None:
        super().__init__()
        self.seen = self.rounded = 0

    def __torch_dispatch__(self, operator: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        name = operator._schema.name.partition("::")[2]
        if name in self.OPERANDS:
            self.seen += 1
            setting = torch.backends.cudnn.conv if "convolution" in name else torch.backends.cuda.matmul
            if setting.fp32_precision == "tf32":
                self.rounded += 1
                changed = list(arguments)
                for position in self.OPERANDS[name]:
                    changed[position] = to_ten_bits(changed[position])
                arguments = tuple(changed)
        return operator(*arguments, **(options or {}))


def to_ten_bits(tensor: Tensor) -> Tensor:
    """float32 rounded to TF32's mantissa, halves to even."""
    if tensor.dtype != torch.float32:
        return tensor
    bits = tensor.contiguous().view(torch.int32)
    return ((bits + 0xFFF + ((bits >> 13) & 1)) & ~0x1FFF).view(torch.float32)
