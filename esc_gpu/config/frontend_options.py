"""The options of a config's front-end, found from its class: which there are, and those that were not given."""

import inspect
from collections.abc import Mapping
from typing import Any

from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import canonical, frontend_class, list_backends, resolve
from esc_gpu.frontends.signature import option_names, option_parameters

# The clips' rate is data.sample_rate: features are of that rate unless they have one of their own.
OF_THE_CLIPS = "sample_rate", "input_sample_rate"
NESTED = "members", "member"  # sections of their own


def known_options(name: str, backend: str = "auto") -> dict[str, inspect.Parameter]:
    """What may stand in the section of a front-end besides its name and backend; of "auto" what any backend has.

    Raises:
        EscGpuError: for an unknown name or backend, and where no backend can be imported.
    """
    if backend != "auto":
        return {parameter.name: parameter for parameter in option_parameters(resolve(name, backend, {}))}
    classes, missing = backend_classes(name)
    known: dict[str, inspect.Parameter] = {}
    for cls in classes:
        known |= {parameter.name: parameter for parameter in option_parameters(cls) if parameter.name not in known}
    if not known:
        raise EscGpuError("; ".join(missing))
    return known


def backend_classes(name: str) -> tuple[list[type], list[str]]:
    """The classes of a front-end, the fastest first, and why others can't be imported here."""
    classes: list[type] = []
    missing = []
    for backend in list_backends(name):
        try:
            classes.append(frontend_class(name, backend))
        except EscGpuError as error:
            missing.append(str(error))
    return classes, missing


def complete(frontend: FrontendConfig) -> dict[str, Any]:
    """The section with every option, its class's defaults included; without rates that are the clips'."""
    name, backend, options = canonical(frontend.name, frontend.backend, dict(frontend.options))
    section: dict[str, Any] = {"name": name, "backend": backend}
    for parameter in option_parameters(resolve(name, backend, options)):
        value = options.get(parameter.name, parameter.default)
        if parameter.name not in options and (parameter.name in OF_THE_CLIPS or value is parameter.empty):
            continue
        section[parameter.name] = complete_members(value) if parameter.name in NESTED else value
    return section


def complete_members(value: Any) -> Any:
    """A member or a list of them, complete; what is neither as it is, for the class to refuse."""
    if isinstance(value, (list, tuple)):
        return [complete_members(member) for member in value]
    return complete(FrontendConfig(**value)) if isinstance(value, Mapping) else value


def without_defaults(name: str, backend: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that differ from the defaults of their class, and those without which "auto" took another one."""
    cls = resolve(name, backend, dict(options))
    defaults = {parameter.name: parameter.default for parameter in option_parameters(cls)}
    kept = {
        option: value
        for option, value in options.items()
        if option in OF_THE_CLIPS or not is_same(value, defaults[option])
    }
    while (other := resolve(name, backend, kept)) is not cls:
        kept |= {option: value for option, value in options.items() if option not in option_names(other)}
    return kept


def is_same(value: object, default: object) -> bool:
    """Whether a value is the default, of its type, too; YAML has lists for tuples."""
    value = tuple(value) if isinstance(value, list) and isinstance(default, tuple) else value
    return type(value) is type(default) and value == default
