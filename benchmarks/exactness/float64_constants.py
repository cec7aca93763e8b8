"""Front-ends in float64 with constants of float64, for a look at their definition alone."""

from unittest import mock

import torch

from esc_gpu.frontends.base import Frontend


def in_float64(frontend: Frontend) -> Frontend:
    """The same layer with constants that were never rounded to float32: what is left is the definition."""
    with mock.patch.object(torch.Tensor, "float", torch.Tensor.double):
        made = type(frontend)(**frontend.options)
    return made.double()
