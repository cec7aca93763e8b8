"""What torch's DistributedDataParallel is told, under the name that this torch has for it."""

import inspect
from dataclasses import dataclass

from accelerate.utils import DistributedDataParallelKwargs
from torch.nn.parallel import DistributedDataParallel


@dataclass
class ForwardSync(DistributedDataParallelKwargs):  # type: ignore[misc]  # Accelerate has no types
    """Accelerate's options with that which takes the place of `broadcast_buffers` from torch 2.14 on.

    Attributes:
        forward_sync_buffers: whether each forward pass makes all buffers those of the first process; None for torch's
            default.
    """

    forward_sync_buffers: bool | None = None


def data_parallel_options() -> DistributedDataParallelKwargs:
    """No buffers are sent: all have the same constants, and statistics that batch norm makes of the whole batch."""
    if "forward_sync_buffers" in inspect.signature(DistributedDataParallel.__init__).parameters:
        return ForwardSync(forward_sync_buffers=False, gradient_as_bucket_view=True)
    return DistributedDataParallelKwargs(broadcast_buffers=False, gradient_as_bucket_view=True)
