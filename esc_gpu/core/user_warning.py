"""Warnings that name the user's own line."""

import inspect
import warnings

from esc_gpu.errors import EscGpuWarning

BETWEEN = ("esc_gpu", "torch")  # torch's decorators stand between this package's functions


def warn_user(message: str) -> None:
    """Give an `EscGpuWarning` that names the line from which this package was called."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(EscGpuWarning(message), stacklevel=level)
