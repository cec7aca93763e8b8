"""A whole run: recordings, store, every fold, results on disk."""

import importlib
from typing import TYPE_CHECKING

from esc_gpu.core.extras import naming_extras

if TYPE_CHECKING:
    from esc_gpu.experiment.cross_validation import prepare as prepare
    from esc_gpu.experiment.cross_validation import run as run
    from esc_gpu.experiment.recordings import open_clips as open_clips
    from esc_gpu.experiment.recordings import open_recordings as open_recordings

# Imported on first use: what looks at clips or at a finished run need not wait for the training.
_PUBLIC = {
    "open_clips": "esc_gpu.experiment.recordings",
    "open_recordings": "esc_gpu.experiment.recordings",
    "prepare": "esc_gpu.experiment.cross_validation",
    "run": "esc_gpu.experiment.cross_validation",
}
__all__ = list(_PUBLIC)


if not TYPE_CHECKING:  # a type checker would let any name pass

    def __getattr__(name: str) -> object:
        if name in _PUBLIC:
            with naming_extras():
                return getattr(importlib.import_module(_PUBLIC[name]), name)
        raise AttributeError(f"module 'esc_gpu.experiment' has no attribute {name!r}")
