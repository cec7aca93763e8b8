"""A run's options as nested dictionaries: what may differ between runs, and their plain and flat forms."""

import dataclasses
from typing import Any

from esc_gpu.config.frontend_options import complete
from esc_gpu.config.schema import RunConfig

# What may differ when a run is resumed: where things are and where it would end, not what is computed.
RESUMABLE = (
    *("folds", "output_dir", "resume", "overwrite", "tracker"),
    *("data.cache_dir", "data.workers", "data.residence", "data.budget_gb"),
    *("train.profile", "train.on_nonfinite", "train.checkpoint_every"),
)

# What each machine of a run may have of its own.
OWN = (
    *("output_dir", "resume", "overwrite", "train.threads", "model.weights"),
    *("data.root", "data.table", "data.cache_dir", "data.workers", "data.residence", "data.budget_gb"),
)


def as_dict(config: RunConfig) -> dict[str, Any]:
    """The config in plain types, as YAML and JSON know them, with all options of its front-end."""
    values = dataclasses.asdict(config)
    values["frontend"] = complete(config.frontend)
    return {name: plain(value) for name, value in values.items()}


def differences(config: RunConfig) -> dict[str, Any]:
    """What of the config is not as by default."""
    now, defaults = (
        plain(dataclasses.asdict(options)) | {"frontend": plain(options.frontend.arguments())}
        for options in (config, RunConfig())
    )
    return {name: changed for name, value in now.items() if (changed := difference(value, defaults[name])) is not None}


def difference(value: Any, default: Any) -> Any:
    """What of a value, or of a section's values, differs from the default; None where nothing does."""
    if not (isinstance(value, dict) and isinstance(default, dict)):
        return None if value == default else value
    return {key: item for key, item in value.items() if key not in default or item != default[key]} or None


def plain(value: Any) -> Any:
    """The value with lists for tuples, as YAML and JSON know them."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one with dotted keys and plain values, as TensorBoard wants them."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value if isinstance(value, (int, float, str, bool)) else str(value)
    return flat
