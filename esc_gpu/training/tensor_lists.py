"""Many small tensors at once: on a GPU a kernel for all of them, where there would be one for each."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def copy_all(sources: Sequence[Tensor], targets: Sequence[Tensor]) -> None:
    """The values of each tensor into its counterpart, of the same shape and any type."""
    copy = getattr(torch, "_foreach_copy_", None)  # a private name: a later torch may have none
    if copy is not None:
        copy(list(targets), list(sources))
        return
    for source, target in zip(sources, targets, strict=True):
        target.copy_(source)


def add_to_all(tensors: Sequence[Tensor], number: int) -> None:
    """Add a number to each tensor in place."""
    add = getattr(torch, "_foreach_add_", None)
    if add is not None:
        add(list(tensors), number)
        return
    for tensor in tensors:
        tensor.add_(number)


def move_towards(tensors: Sequence[Tensor], values: Sequence[Tensor], weight: Tensor) -> None:
    """Each tensor goes the share `weight` `()` of the way to its counterpart, as by `lerp_`."""
    subtract, multiply = getattr(torch, "_foreach_sub", None), getattr(torch, "_foreach_mul_", None)
    add = getattr(torch, "_foreach_add_", None)
    # On the CPU there is nothing to be gained, and lerp's last bit to be kept.
    if tensors[0].device.type == "cpu" or subtract is None or multiply is None or add is None:
        for tensor, value in zip(tensors, values, strict=True):
            tensor.lerp_(value, weight)
        return
    way = subtract(list(values), list(tensors))
    multiply(way, weight)
    add(list(tensors), way)


class Snapshot:
    """What some tensors hold at this moment, to be put back.

    Args:
        tensors: on one device; their memory is kept in view.
    """

    def __init__(self, tensors: Sequence[Tensor]):
        self.groups = [(group, in_a_row(group)) for group in by_type(tensors)]

    def put_back_unless(self, stays: Tensor) -> None:
        """Put it back, unless `stays` `()` bool. Nothing waits for the device."""
        for group, before in self.groups:
            copy_all(apart(torch.where(stays, in_a_row(group), before), group), group)


def in_a_row(tensors: Sequence[Tensor]) -> Tensor:
    """All values of the tensors, one after the other, in memory of their own."""
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def apart(values: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """What `in_a_row` put together, in the shapes of the tensors."""
    return list(map(Tensor.view_as, values.split([tensor.numel() for tensor in tensors]), tensors))


def by_type(tensors: Sequence[Tensor]) -> list[list[Tensor]]:
    """Those of each type of number together."""
    return [[t for t in tensors if t.dtype == dtype] for dtype in dict.fromkeys(t.dtype for t in tensors)]


def on_the_host(tree: Any) -> Any:
    """Dicts, lists and tuples within each other, with their tensors on the CPU.

    What is on a device comes by one copy for each type: the host waits a few times where it would hundreds of times.
    """
    there = [tensor for tensor in tensors_in(tree) if tensor.device.type != "cpu"]
    copies: dict[int, Tensor] = {}
    for group in by_type(there):
        # In memory of their own, laid out as on the device.
        here = [torch.empty_like(tensor, device="cpu") for tensor in group]
        copy_all(apart(in_a_row(group).cpu(), group), here)
        copies |= {id(tensor): here[number] for number, tensor in enumerate(group)}
    return with_tensors(tree, copies)


def tensors_in(tree: Any) -> list[Tensor]:
    """All tensors of dicts, lists and tuples within each other."""
    if isinstance(tree, Tensor):
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list | tuple) else ()
    return [tensor for part in parts for tensor in tensors_in(part)]


def with_tensors(tree: Any, others: dict[int, Tensor]) -> Any:
    """The same with `others`, by the `id` of the tensor that each stands for."""
    if isinstance(tree, dict):
        return {key: with_tensors(part, others) for key, part in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)([with_tensors(part, others) for part in tree])
    return others.get(id(tree), tree)
