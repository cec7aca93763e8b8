"""A run's options as nested dictionaries: what may differ between runs, and their plain and flat forms."""

# What may differ when a run is resumed: it changes where things are, not what is computed.
RESUMABLE = (
    *("folds", "output_dir", "resume", "overwrite", "tracker"),
    *("data.cache_dir", "data.workers", "data.residence", "data.budget_gb"),
    "train.profile",
)


def plain(value: object) -> object:
    """The value with lists for tuples, as YAML and JSON know them."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def flatten(values: dict[str, object], prefix: str = "") -> dict[str, object]:
    """Nested dictionaries as one with dotted keys and plain values, as TensorBoard wants them."""
    flat: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value if isinstance(value, (int, float, str, bool)) else str(value)
    return flat
