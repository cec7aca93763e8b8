"""The options of a config's front-end, found from its class: which there are, and those that were not given."""

import inspect
from collections.abc import Mapping
from typing import Any

from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import canonical, frontend_class, list_backends, resolve
from esc_gpu.frontends.signature import option_parameters

# The clips' rate is data.sample_rate: features are of that rate unless they have one of their own.
OF_THE_CLIPS = "sample_rate", "input_sample_rate"


def known_options(name: str, backend: str = "auto") -> dict[str, inspect.Parameter]:
    """What may stand in the section of a front-end besides its name and backend; of "auto" what any backend has.

    Raises:
        EscGpuError: for an unknown name or backend, and where no backend can be imported.
    """
    if backend != "auto":
        return {parameter.name: parameter for parameter in option_parameters(resolve(name, backend, {}))}
    known: dict[str, inspect.Parameter] = {}
    missing = []
    for candidate in list_backends(name):
        try:
            parameters = option_parameters(frontend_class(name, candidate))
        except EscGpuError as error:
            missing.append(str(error))
            continue
        known |= {parameter.name: parameter for parameter in parameters if parameter.name not in known}
    if not known:
        raise EscGpuError("; ".join(missing))
    return known


def complete(frontend: FrontendConfig) -> dict[str, Any]:
    """The section with every option, its class's defaults included; without rates that are the clips'."""
    name, backend, options = canonical(frontend.name, frontend.backend, dict(frontend.options))
    section: dict[str, Any] = {"name": name, "backend": backend}
    for parameter in option_parameters(resolve(name, backend, options)):
        value = options.get(parameter.name, parameter.default)
        if parameter.name in OF_THE_CLIPS and parameter.name not in options:
            continue
        if parameter.name == "members":
            value = [complete(FrontendConfig(**member)) for member in value]
        elif parameter.name == "member" and value is not None:
            value = complete(FrontendConfig(**value))
        section[parameter.name] = value
    return section


def without_defaults(name: str, backend: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that differ from the defaults of their class."""
    cls = resolve(name, backend, dict(options))
    defaults = {parameter.name: parameter.default for parameter in option_parameters(cls)}
    return {
        option: value
        for option, value in options.items()
        if option in OF_THE_CLIPS or type(value) is not type(defaults[option]) or value != defaults[option]
    }
