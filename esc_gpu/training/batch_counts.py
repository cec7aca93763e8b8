"""The counts of batches that batch norms keep, raised by one kernel for all of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from esc_gpu.training.tensor_lists import add_to_all

COUNT = "num_batches_tracked"


@contextmanager
def counted_together(model: nn.Module) -> Iterator[None]:
    """Around one forward pass in training: the batch norms inside do not see their counts, which are raised after it.

    A batch norm whose momentum is None needs its count to average by, and keeps it.
    """
    counts = {
        module: count
        for module in model.modules()
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d))
        and module.training
        and module.momentum is not None
        and (count := module.num_batches_tracked) is not None
    }
    for module in counts:
        module._buffers[COUNT] = None  # where an assignment to the name would end as well, more slowly
    try:
        yield
    finally:
        for module, count in counts.items():
            module._buffers[COUNT] = count
    if counts:
        add_to_all(list(counts.values()), 1)
