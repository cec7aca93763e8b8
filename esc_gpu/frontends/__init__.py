"""Front-ends: audio features as layers. `create_frontend("logmel")` makes one, `list_frontends()` names them.

Their classes have names as in torchaudio.transforms: `from esc_gpu.frontends import LogMel, MFCC, CQT`. What a type
checker and an editor see of this module stands in `__init__.pyi`, which is generated.
"""

import importlib

from esc_gpu.frontends.presets import list_presets
from esc_gpu.frontends.registry import _FRONTENDS, create_frontend, list_backends, list_frontends

# (module, class) of the native backends, imported on first use.
_CLASSES = {backends["native"][1]: backends["native"] for backends in _FRONTENDS.values()}
__all__ = ["Frontend", "create_frontend", "list_backends", "list_frontends", "list_presets", *_CLASSES]


def __getattr__(name: str) -> object:
    if name != "Frontend" and name not in _CLASSES:
        raise AttributeError(f"module 'esc_gpu.frontends' has no attribute {name!r}")
    module, attribute = _CLASSES.get(name, ("base", "Frontend"))
    return getattr(importlib.import_module(f"esc_gpu.frontends.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
