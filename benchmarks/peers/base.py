"""What a peer is: another library's way to a feature, set up as its own users would, not through our adapters."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

import torch

from esc_gpu.frontends.base import Frontend


@dataclass(frozen=True)
class Peer:
    """A library's way to one feature.

    Attributes:
        label: the library, and which of its layers where it has several.
        module, function: what builds it, in this package.
        differs: how its definition differs from this package's; None where both are the same.
    """

    label: str
    module: str
    function: str
    differs: str | None = None

    @property
    def library(self) -> str:
        """The first word of the label."""
        return self.label.split()[0]

    @property
    def on_host(self) -> bool:
        """Whether it takes NumPy arrays, and computes on the CPU wherever the others do."""
        return self.module in ("with_librosa", "with_essentia")

    def build(self, frontend: Frontend, device: torch.device) -> Callable[[object], object]:
        """A call of a batch `(B, T)` float32 with the options of `frontend`; features in any layout of `(B, C, F, N)`.

        Raises:
            ImportError, OSError, RuntimeError: where the library cannot be imported here.
        """
        module = importlib.import_module(f"benchmarks.peers.{self.module}")
        call = getattr(module, self.function)(frontend)
        return call.eval().to(device) if isinstance(call, torch.nn.Module) else call
