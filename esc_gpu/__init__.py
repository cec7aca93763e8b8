"""Environmental sound classification with the audio features as layers."""

import importlib

__version__ = "0.1.0"

# Imported on first use: `esc-gpu --help` need not wait for torch and timm.
_PUBLIC = {
    "EscGpuError": "esc_gpu.errors",
    "Pipeline": "esc_gpu.pipeline",
    "WaveformClassifier": "esc_gpu.model",
    "create_frontend": "esc_gpu.frontends",
    "list_frontends": "esc_gpu.frontends",
    "load": "esc_gpu.checkpoint",
    "load_pipeline": "esc_gpu.pipeline",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'esc_gpu' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
