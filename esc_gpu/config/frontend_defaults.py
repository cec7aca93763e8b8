"""A front-end's options as an earlier version wrote them, with the defaults of those that are newer."""

from collections.abc import Mapping
from typing import Any

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import canonical, resolve
from esc_gpu.frontends.signature import option_parameters


def with_defaults(spec: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """`spec` with the defaults of the options that only the `other` one of the same front-end has, members included.

    The options are in the order of their names, so that two that are equal have one text.
    """
    if spec.get("name") != other.get("name"):
        return dict(spec)
    whole = {**defaults_of(spec, other.keys() - spec.keys()), **spec}
    if spec.get("members") and other.get("members"):
        pairs = zip(spec["members"], other["members"], strict=False)
        whole["members"] = [with_defaults(*pair) for pair in pairs] + spec["members"][len(other["members"]) :]
    if spec.get("member") and other.get("member"):
        whole["member"] = with_defaults(spec["member"], other["member"])
    return dict(sorted(whole.items()))


def defaults_of(spec: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """The defaults of these options of the spec's class; none of a class that is not registered here."""
    if not names:
        return {}
    name, backend, _ = canonical(spec["name"], spec["backend"], {})
    try:
        options = option_parameters(resolve(name, backend, {}))
    except EscGpuError:
        return {}
    return {option.name: option.default for option in options if option.name in names}
