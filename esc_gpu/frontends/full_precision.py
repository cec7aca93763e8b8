"""Products and convolutions on a GPU in full float32, whatever the caller allows."""

import threading
from typing import Any

import torch


class FullPrecision:
    """A context in which a GPU computes in float32, where TF32 with its ten bits of mantissa is allowed outside.

    cuBLAS takes TF32 where the caller allows it, cuDNN by default. The settings are the process's: of several threads
    in here, the first one changes them and the last one restores them, also which of them were inherited.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.changed: list[tuple[Any, str]] = []

    def __enter__(self) -> None:
        with self.lock:
            if self.inside == 0:
                convolution = torch.backends.cudnn.conv  # type: ignore[attr-defined]  # torch's types lack it
                for setting in torch.backends.cuda.matmul, convolution:
                    if setting.fp32_precision == "tf32":
                        self.changed.append((setting, own_precision(setting, torch.backends.cudnn, torch.backends)))
                        setting.fp32_precision = "ieee"
            self.inside += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                while self.changed:
                    setting, own = self.changed.pop()
                    setting.fp32_precision = own


def own_precision(setting: Any, *above: Any) -> str:
    """The `fp32_precision` that a setting itself has; "none" where it has that of the settings above it.

    torch gives the value that holds, not whose it is: written back, an inherited one would stay for good.
    """
    value: str = setting.fp32_precision
    if value == "none" or not above or above[0].fp32_precision != value:
        return value
    parent, parents_own = above[0], own_precision(*above)
    parent.fp32_precision = "ieee" if value == "tf32" else "tf32"
    is_inherited = setting.fp32_precision != value
    parent.fp32_precision = parents_own
    return "none" if is_inherited else value


full_precision = FullPrecision()
