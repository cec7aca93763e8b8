"""A front-end in a config: its name, its backend, and options that only its class knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, init=False)
class FrontendConfig:
    """The audio features: `FrontendConfig("mfcc", n_mfcc=20)`.

    The options are those of the front-end's class, which checks them. Members of a stack, and the member of a delta,
    are mappings with the same keys: `FrontendConfig("stack", members=[{"name": "logmel"}, {"name": "cqt"}])`.

    Attributes:
        name: the front-end, one of `esc_gpu.list_frontends()`.
        backend: one of `esc_gpu.list_backends(name)`, or "auto" for the fastest that has the options.
        options: what differs from the defaults of the class.
    """

    name: str
    backend: str
    options: Mapping[str, Any]

    def __init__(self, name: str = "logmel", backend: str = "auto", **options: Any):
        for attribute, value in (("name", name), ("backend", backend), ("options", options)):
            object.__setattr__(self, attribute, value)

    def arguments(self) -> dict[str, Any]:
        """What `create_frontend` is called with."""
        return {"name": self.name, "backend": self.backend, **self.options}
