"""Front-ends: audio features as layers. `create_frontend("logmel")` makes one, `list_frontends()` names them."""

from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.registry import create_frontend, list_backends, list_frontends

__all__ = ["Frontend", "create_frontend", "list_backends", "list_frontends"]
