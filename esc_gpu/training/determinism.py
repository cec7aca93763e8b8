"""Kernels that give the same bits whenever they are run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from esc_gpu.errors import EscGpuError

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
NO_SUCH_KERNEL = " does not have a deterministic implementation"  # what torch says


@contextmanager
def deterministic(wanted: bool = True) -> Iterator[None]:
    """Inside the block torch takes only kernels without a random order of summation; afterwards it is as before.

    cuBLAS looks at its variable when it is first used: a process that has used it before keeps the workspace it has.
    Source: torch.use_deterministic_algorithms and torch's notes on reproducibility.

    Raises:
        EscGpuError: names a kernel that has no such form.
    """
    if not wanted:
        yield
        return
    cudnn = torch.backends.cudnn
    variable, was_deterministic = os.environ.get(WORKSPACE), torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    flags = cudnn.deterministic, cudnn.benchmark
    try:
        os.environ.setdefault(WORKSPACE, ":4096:8")
        torch.use_deterministic_algorithms(True)
        cudnn.deterministic, cudnn.benchmark = True, False
        yield
    except RuntimeError as error:
        kernel, found, _ = str(error).partition(NO_SUCH_KERNEL)
        if not found:
            raise
        raise EscGpuError(
            f"{kernel} has no deterministic form, which train.deterministic=true requires: remove that option, or "
            "choose options that do not use this kernel"
        ) from error
    finally:
        cudnn.deterministic, cudnn.benchmark = flags
        torch.use_deterministic_algorithms(was_deterministic, warn_only=only_warned)
        if variable is None:
            os.environ.pop(WORKSPACE, None)
