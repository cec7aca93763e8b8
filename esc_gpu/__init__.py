"""Environmental sound classification with the audio features as layers."""

import importlib
import warnings
from typing import TYPE_CHECKING

from esc_gpu.core.extras import naming_extras
from esc_gpu.core.version import __version__ as __version__

if TYPE_CHECKING:
    from esc_gpu import functional as functional
    from esc_gpu.core.pad_clips import pad_clips as pad_clips
    from esc_gpu.errors import EscGpuError as EscGpuError
    from esc_gpu.frontends import create_frontend as create_frontend
    from esc_gpu.frontends import list_backends as list_backends
    from esc_gpu.frontends import list_frontends as list_frontends
    from esc_gpu.frontends import list_presets as list_presets
    from esc_gpu.inference.pipeline import Pipeline as Pipeline
    from esc_gpu.inference.pipeline import load_pipeline as load_pipeline
    from esc_gpu.model.checkpoint import load as load
    from esc_gpu.model.classifier import WaveformClassifier as WaveformClassifier

# In a notebook without ipywidgets any progress bar is a line of text, and tqdm need not say so in red.
warnings.filterwarnings("ignore", "IProgress not found")

# Imported on first use: `esc-gpu --help` need not wait for torch and timm.
_PUBLIC = {
    "EscGpuError": "esc_gpu.errors",
    "Pipeline": "esc_gpu.inference.pipeline",
    "WaveformClassifier": "esc_gpu.model.classifier",
    "create_frontend": "esc_gpu.frontends.registry",
    "list_backends": "esc_gpu.frontends.registry",
    "list_frontends": "esc_gpu.frontends.registry",
    "list_presets": "esc_gpu.frontends.presets",
    "load": "esc_gpu.model.checkpoint",
    "load_pipeline": "esc_gpu.inference.pipeline",
    "pad_clips": "esc_gpu.core.pad_clips",
}
__all__ = ["functional", *_PUBLIC]


if not TYPE_CHECKING:  # a type checker would let any name pass

    def __getattr__(name: str) -> object:
        if name == "functional":
            return importlib.import_module("esc_gpu.functional")
        if name in _PUBLIC:
            with naming_extras():
                return getattr(importlib.import_module(_PUBLIC[name]), name)
        raise AttributeError(f"module 'esc_gpu' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
