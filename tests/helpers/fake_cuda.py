"""A CUDA device without one: fake tensors that say they are on it, with what asks for a real one put aside."""

import copy
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import PartialState
from torch import Tensor, nn

from benchmarks.common.launches import Launches, Work
from esc_gpu.augment import tables
from esc_gpu.config.schema import RunConfig
from esc_gpu.training.accelerator import create_accelerator
from tests.helpers.private_torch import find_or_skip

FakeTensorMode = find_or_skip("torch._subclasses.fake_tensor", "FakeTensorMode")

CUDA = torch.device("cuda")
Module = TypeVar("Module", bound=nn.Module)
HOPPER, TURING = (9, 0), (7, 5)


class CudaGenerator(torch.Generator):
    """A generator that says it is CUDA's, which cannot be made: fake tensors take no number of it."""

    device = CUDA

    def __new__(cls, device: Any = None) -> "CudaGenerator":
        return super().__new__(cls, "cpu")


@contextmanager
def as_cuda(capability: tuple[int, int] = HOPPER) -> Iterator[None]:
    """What torch says of a card of this compute capability. `torch.cuda.is_available` stays as it is."""
    has_bf16 = capability >= (8, 0)

    def is_bf16_supported(including_emulation: bool = True) -> bool:
        return has_bf16 or including_emulation

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "get_device_capability", lambda device=None: capability)
        patch.setattr(torch.cuda, "is_bf16_supported", is_bf16_supported)
        # Else autocast turns itself off.
        patch.setattr("torch.cuda.amp.common.amp_definitely_not_available", lambda: False)
        patch.setattr(Tensor, "pin_memory", lambda tensor, device=None: tensor)
        patch.setattr("esc_gpu.training.loop.Generator", CudaGenerator)
        # They are made by NumPy, once, and would be kept for other tests.
        patch.setattr("esc_gpu.augment.mix.beta_quantiles", lambda alpha, device: torch.empty(4097, device=device))
        yield


@contextmanager
def fake_cuda(capability: tuple[int, int] = HOPPER) -> Iterator[Any]:
    """Tensors made inside hold no data, and may be made on `cuda`; one of the CPU in their company is an error.

    Models are made before, since their constants come of NumPy, and brought along by `faked`.
    """
    tables.forget()
    try:
        with as_cuda(capability), FakeTensorMode(allow_non_fake_inputs=False) as mode:
            yield mode
    finally:
        tables.forget()


def faked(module: Module, mode: Any, device: str = "cuda") -> Module:
    """A copy of a module of the CPU with fake tensors on the device.

    Without parameters it may also be moved there by `to`, as any other is; a fake parameter cannot be moved.
    """
    fakes: dict[int, Any] = {id(buffer): mode.from_tensor(buffer).to(device) for buffer in module.buffers()}
    for parameter in module.parameters():
        fakes[id(parameter)] = nn.Parameter(mode.from_tensor(parameter).detach().to(device), parameter.requires_grad)
    return copy.deepcopy(module, fakes)


def asked(call: Callable[[], Any]) -> Work:
    """What a call asks of the device; where the host would wait for an answer, which a fake has not, it ends there.

    Raises:
        RuntimeError: where a tensor of the CPU meets one of the device.
    """
    with Launches() as counted:
        try:
            call()
        except RuntimeError:
            if not counted.total.waits:
                raise
    return counted.total


def hindrances(call: Callable[[], Any]) -> list[str]:
    """What keeps the host waiting for the device, or copies between them."""
    work = asked(call)
    return work.waits + work.copies


@contextmanager
def accelerator_on_cuda(config: RunConfig, folder: Path) -> Iterator[Accelerator]:
    """The Accelerator of a run, which says that its device is CUDA's; its `backward` does nothing.

    Autograd's engine asks CUDA for a context. A backward pass is counted on fake tensors of the CPU.
    """
    precision = config.train.mixed_precision
    full = dataclasses.replace(config, train=dataclasses.replace(config.train, mixed_precision="no"))
    accelerator = create_accelerator(full, folder)
    shared = PartialState._shared_state
    before = shared["device"]
    shared["device"] = accelerator.state.device = CUDA
    accelerator.state._mixed_precision = precision
    accelerator.native_amp = precision != "no"
    accelerator.device_placement = False
    accelerator.scaler = torch.amp.GradScaler("cuda") if precision == "fp16" else None
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(accelerator, "backward", lambda loss: None)
            yield accelerator
    finally:
        shared["device"] = accelerator.state.device = before
