"""Numbers of a config that are out of their range, and options that do not fit each other."""

import dataclasses
import typing

from esc_gpu.config.ranges import Range
from esc_gpu.config.schema import RunConfig, TrainConfig
from esc_gpu.errors import EscGpuError


def check_config(config: RunConfig) -> None:
    """Refuse numbers out of range, by the name they have on the command line.

    Raises:
        EscGpuError: for the first of them, and for options that exclude each other.
    """
    if config.train.compile == "reduce-overhead" and config.train.accumulation > 1:
        raise EscGpuError(
            "train.compile=reduce-overhead keeps gradients in memory that the next part of the batch overwrites: "
            "set train.accumulation=1, or train.compile=default"
        )
    for section in dataclasses.fields(config):
        options = getattr(config, section.name)
        if dataclasses.is_dataclass(options):
            check_ranges(section.name, options)
            check_keys(section.name, options)
    check_durations(config)


def check_ranges(section: str, options: object) -> None:
    """Refuse a number outside the range at its field."""
    for name, hint in typing.get_type_hints(type(options), include_extras=True).items():
        value = getattr(options, name)
        for limits in getattr(hint, "__metadata__", ()):
            problem = limits.problem(value) if isinstance(limits, Range) and value is not None else None
            if problem:
                raise EscGpuError(f"{section}.{name} {problem}: correct it")


def check_keys(section: str, options: object) -> None:
    """Refuse a table that names something by what YAML does not take for text, as no and 1."""
    for name, value in vars(options).items():
        other = next((key for key in value if not isinstance(key, str)), "") if isinstance(value, dict) else ""
        if other != "":
            raise EscGpuError(
                f"{section}.{name} has the name {other!r}, because YAML takes a word such as no or 1 for no text; "
                f'expected text; put the name in double quotes, as in {{"no": {value[other]}}}'
            )


def check_durations(config: RunConfig) -> None:
    """Refuse a crop longer than the clip or shorter than a sample, and a warm-up longer than the training."""
    train, clip_seconds, crop_seconds = config.train, config.data.clip_seconds, config.augment.crop_seconds
    if crop_seconds > clip_seconds:
        raise EscGpuError(
            f"augment.crop_seconds must not be more than data.clip_seconds={clip_seconds:g}, got {crop_seconds}"
        )
    if crop_seconds > 0 and round(crop_seconds * config.data.sample_rate) == 0:
        raise EscGpuError(f"augment.crop_seconds must be 0 (the whole clip) or at least one sample, got {crop_seconds}")
    # The default does for the shortest training.
    if train.warmup_epochs > max(train.epochs, TrainConfig.warmup_epochs):
        raise EscGpuError(
            f"train.warmup_epochs must not be more than train.epochs={train.epochs}, got {train.warmup_epochs}"
        )
