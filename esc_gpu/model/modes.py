"""Evaluation mode: entered with a check, or for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from esc_gpu.errors import EscGpuError


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the block; afterwards every part is in the mode that it was in."""
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def to_evaluation(model: nn.Module) -> None:
    """Put a model into evaluation mode.

    Raises:
        EscGpuError: for a part that stays in training mode: it would drop out, or learn from what is tested on.
    """
    model.eval()
    name = next((name for name, part in model.named_modules() if part.training), None)
    if name is not None:
        raise EscGpuError(
            f"the model's part {name or type(model).__name__!r} stays in training mode during the evaluation: "
            "make its train(mode) call super().train(mode)"
        )
