"""A front-end in a config: its name, its backend, and options that only its class knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, init=False)
class FrontendConfig:
    """The audio features: `FrontendConfig("mfcc", n_mfcc=20)`.

    The options are those of the front-end's class, which checks them. Members of a stack, and the member of a delta,
    are mappings with the same keys: `FrontendConfig("stack", members=[{"name": "logmel"}, {"name": "cqt"}])`, or
    such configs.

    Attributes:
        name: the front-end, one of `esc_gpu.list_frontends()`.
        backend: one of `esc_gpu.list_backends(name)`, or "auto" for the fastest that has the options.
        options: what differs from the defaults of the class.
    """

    name: str
    backend: str
    options: Mapping[str, Any]

    def __init__(
        self, name: str = "logmel", backend: str = "auto", options: Mapping[str, Any] | None = None, **more: Any
    ):
        # `options` are a mapping for dataclasses.replace, too.
        options = {option: as_mapping(value) for option, value in {**(options or {}), **more}.items()}
        for attribute, value in (("name", name), ("backend", backend), ("options", options)):
            object.__setattr__(self, attribute, value)

    def arguments(self) -> dict[str, Any]:
        """What `create_frontend` is called with."""
        return {"name": self.name, "backend": self.backend, **self.options}


def as_mapping(value: Any) -> Any:
    """The value of an option, with mappings for configs of members."""
    if isinstance(value, (list, tuple)):
        has_configs = any(isinstance(item, FrontendConfig) for item in value)
        return [as_mapping(item) for item in value] if has_configs else value
    return value.arguments() if isinstance(value, FrontendConfig) else value
