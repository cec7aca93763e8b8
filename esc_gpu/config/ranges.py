"""Numbers of a config that are out of range."""

import math

from esc_gpu.config.schema import RunConfig, TrainConfig
from esc_gpu.errors import EscGpuError

# The largest value of options of augment: far above what is of use, and below what the numbers or the memory bear.
LARGEST = {
    "shift_seconds": 3600,
    "speed": 1,
    "gain_db": 60,
    "equalizer_db": 60,
    "mixup_alpha": 100,
    "filter_std": 10,
    "freq_masks": 20,
    "time_masks": 20,
}
RANGES = {"noise_snr_db": 100, "noise_exponent": 4}  # either way, of those that are a lowest and a highest value


def check_config(config: RunConfig) -> None:
    """Refuse numbers out of range, by the name they have on the command line."""
    train, augment = config.train, config.augment
    if train.compile == "reduce-overhead" and train.accumulation > 1:
        raise EscGpuError(
            "train.compile=reduce-overhead keeps gradients in memory that the next part of the batch overwrites: "
            "set train.accumulation=1, or train.compile=default"
        )
    positive = {
        "train.epochs": train.epochs,
        "train.batch_size": train.batch_size,
        "train.accumulation": train.accumulation,
        "train.lr": train.lr,
        "train.eval_every": train.eval_every,
        "train.checkpoint_every": train.checkpoint_every,
        "model.test_shifts": config.model.test_shifts,
        "data.sample_rate": config.data.sample_rate,
        "data.clip_seconds": config.data.clip_seconds,
    }
    counts = {"train.threads": train.threads, "train.folds_at_once": train.folds_at_once}
    positive |= {name: value for name, value in counts.items() if value is not None}
    not_negative = {
        "train.seed": train.seed,
        "train.frontend_lr": train.frontend_lr,
        "train.weight_decay": train.weight_decay,
        "train.warmup_epochs": train.warmup_epochs,
        "train.clip_norm": train.clip_norm,
        "tracker.clips": config.tracker.clips,
        **{f"augment.{name}": value for name, value in vars(augment).items() if isinstance(value, (int, float))},
    }
    shares = {
        "train.label_smoothing": train.label_smoothing,
        **{
            f"augment.{name}": value
            for name, value in vars(augment).items()
            if name.endswith(("_probability", "_share"))
        },
    }
    below_one = {
        "train.ema_decay": train.ema_decay,
        "augment.freq_warp": augment.freq_warp,
        "augment.time_stretch": augment.time_stretch,
    }
    largest = {f"augment.{name}": (getattr(augment, name), limit) for name, limit in LARGEST.items()}
    for values, is_good, expected in (
        (positive, lambda value: value > 0, "must be positive"),
        (not_negative, lambda value: value >= 0, "must not be negative"),
        (positive | not_negative, lambda value: value < math.inf, "must be finite"),
        (shares, lambda value: value <= 1, "is a share from 0 to 1"),
        (below_one, lambda value: 0 <= value < 1, "is from 0 to below 1"),
    ):
        for name, value in values.items():
            if not is_good(value):
                raise EscGpuError(f"{name} {expected}, got {value}")
    for name, (value, limit) in largest.items():
        if value > limit:
            raise EscGpuError(f"{name} must not be more than {limit}, got {value}")
    for name, limit in RANGES.items():
        low, high = getattr(augment, name)
        if not -limit <= low <= high <= limit:  # or NaN
            raise EscGpuError(
                f"augment.{name} is [lowest, highest] from {-limit} to {limit}, got [{low}, {high}]: correct it"
            )
    check_durations(config)


def check_durations(config: RunConfig) -> None:
    """Refuse a crop longer than the clip or shorter than a sample, and a warm-up longer than the training."""
    train, clip_seconds, crop_seconds = config.train, config.data.clip_seconds, config.augment.crop_seconds
    if crop_seconds > clip_seconds:
        raise EscGpuError(
            f"augment.crop_seconds must not be more than data.clip_seconds={clip_seconds:g}, got {crop_seconds}"
        )
    if crop_seconds > 0 and round(crop_seconds * config.data.sample_rate) == 0:
        raise EscGpuError(
            f"augment.crop_seconds must be 0, for the whole clip, or at least a sample, got {crop_seconds}"
        )
    # The default does for the shortest training.
    if train.warmup_epochs > max(train.epochs, TrainConfig.warmup_epochs):
        raise EscGpuError(
            f"train.warmup_epochs must not be more than train.epochs={train.epochs}, got {train.warmup_epochs}"
        )
