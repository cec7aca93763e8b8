"""The run in Weights & Biases or TensorBoard, through Accelerate: each fold a run, all folds one group."""

import netrc
import os
import urllib.parse
from contextlib import contextmanager
from pathlib import Path

from esc_gpu.config import TrackerConfig


@contextmanager
def tracked(accelerator, config: TrackerConfig, group: str, fold: int, values: dict[str, object], folder: Path):
    """A tracker's run of one fold, with the config `values` in it; closed at the end, also after an error."""
    if config.name == "none":
        yield
        return
    arguments = {}
    if config.name == "wandb":
        arguments["wandb"] = {
            "group": config.group or group,
            "name": f"{config.group or group}-fold{fold}",
            "dir": str(folder),
            "mode": wandb_mode(),
        }
    accelerator.init_trackers(config.project, config=flatten(values), init_kwargs=arguments)
    try:
        yield
    finally:
        for tracker in accelerator.trackers:
            tracker.finish()
        accelerator.trackers.clear()


def wandb_mode() -> str:
    """What WANDB_MODE says; else online where there is a key, offline where there is none."""
    return os.environ.get("WANDB_MODE") or ("online" if has_wandb_key() else "offline")


def has_wandb_key() -> bool:
    """Whether `wandb login` was run here, or WANDB_API_KEY is set."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urllib.parse.urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname
    try:
        return netrc.netrc().authenticators(host) is not None
    except FileNotFoundError:
        return False


def log_result(accelerator, metrics: dict[str, object], class_names: list[str], images: list[Path], step: int) -> None:
    """A fold's final metrics, and in wandb its confusion matrix and pictures."""
    scalars = {f"final/{name}": value for name, value in metrics.items() if isinstance(value, (int, float))}
    accelerator.log(scalars, step=step)
    for tracker in accelerator.trackers:
        if tracker.name != "wandb" or not accelerator.is_main_process:
            continue
        import wandb

        cells = [
            [class_names[true], class_names[predicted], count]
            for true, row in enumerate(metrics["confusion_matrix"])
            for predicted, count in enumerate(row)
        ]
        table = wandb.Table(columns=["actual", "predicted", "clips"], data=cells)
        pictures = {path.stem: wandb.Image(str(path)) for path in images}
        tracker.log({"confusion_matrix": table, **pictures}, step=step)


def flatten(values: dict[str, object], prefix: str = "") -> dict[str, object]:
    """Nested dictionaries as one with dotted keys and plain values, as TensorBoard wants them."""
    flat: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value if isinstance(value, (int, float, str, bool)) else str(value)
    return flat
