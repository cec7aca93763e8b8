"""Numbers of a config that are out of range."""

from esc_gpu.config import RunConfig
from esc_gpu.errors import EscGpuError


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
    at_most_the_clip = {"augment.crop_seconds": augment.crop_seconds}
    for values, is_good, expected in (
        (positive, lambda value: value > 0, "must be positive"),
        (not_negative, lambda value: value >= 0, "must not be negative"),
        (shares, lambda value: value <= 1, "is a share from 0 to 1"),
        (below_one, lambda value: 0 <= value < 1, "is from 0 to below 1"),
        (
            at_most_the_clip,
            lambda value: value <= config.data.clip_seconds,
            f"must not be more than data.clip_seconds={config.data.clip_seconds:g}",
        ),
    ):
        for name, value in values.items():
            if not is_good(value):
                raise EscGpuError(f"{name} {expected}, got {value}")
