"""Intermediate results that several front-ends over the same clips share: the members of a stack."""

from collections.abc import Callable, Hashable

from torch import Tensor

Shared = dict[Hashable, Tensor]


def reuse(shared: Shared | None, key: Hashable, compute: Callable[[], Tensor]) -> Tensor:
    """`compute()`, once for all front-ends that share: the members of a stack."""
    if shared is None:
        return compute()
    if key not in shared:
        shared[key] = compute()
    return shared[key]
