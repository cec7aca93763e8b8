"""Constants of front-ends: what their options alone decide, on the device where the front-end is moved."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor, nn

from esc_gpu.core.device import CPU

P = ParamSpec("P")
Result = TypeVar("Result")


def on_the_cpu(method: Callable[P, Result]) -> Callable[P, Result]:
    """A method that makes its tensors on the CPU, whatever torch's default device is.

    numpy has a part in them, and a device without data, as torch.device("meta"), would have none to give it.
    """

    @functools.wraps(method)
    def made(*arguments: P.args, **options: P.kwargs) -> Result:
        with CPU:
            return method(*arguments, **options)

    return made


def constants(module: nn.Module) -> dict[str, Tensor]:
    """The buffers of a module, its parts' included, that no checkpoint holds."""
    saved = module.state_dict().keys()
    return {name: buffer for name, buffer in module.named_buffers(remove_duplicate=False) if name not in saved}


def keep_values(module: nn.Module, before: dict[str, Tensor], make_anew: Callable[[], nn.Module]) -> None:
    """Give constants that have moved the values that they had: `Module.to_empty` gives them none.

    Args:
        module: whose constants they are.
        before: `constants` of it, before they moved.
        make_anew: makes the module of its options, for constants that were on a device without data.
    """
    moved = {name: new for name, new in constants(module).items() if new is not before[name] and not new.is_meta}
    if any(before[name].is_meta for name in moved):
        before = constants(make_anew())
    with torch.no_grad():
        for name, new in moved.items():
            new.copy_(before[name])


def make_buffers_transient(module: nn.Module) -> None:
    """Keep the constants of a library's layer out of the state dict: the options rebuild them."""
    for part in module.modules():
        for name, buffer in list(part.named_buffers(recurse=False)):
            part.register_buffer(name, buffer, persistent=False)
