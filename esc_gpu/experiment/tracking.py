"""The run in Weights & Biases or TensorBoard, through Accelerate: each fold a run, all folds one group."""

import netrc
import os
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from esc_gpu.config.options import flatten
from esc_gpu.config.schema import TrackerConfig
from esc_gpu.core.folds import Fold
from esc_gpu.core.run_layout import fold_folder
from esc_gpu.errors import EscGpuError
from esc_gpu.experiment.tracked_clips import TrackedClip

WANDB_MODES = ("online", "offline", "shared", "disabled", "dryrun", "run")
CLIP_COLUMNS = ("audio", "features", "label", "prediction", "probability", "correct", "file")


@contextmanager
def tracked(
    accelerator: Any, config: TrackerConfig, group: str, fold: Fold, values: dict[str, Any], folder: Path
) -> Iterator[None]:
    """A tracker's run of one fold, with the config `values` in it; closed at the end, also after an error."""
    if config.name == "none":
        yield
        return
    arguments = {}
    if config.name == "wandb":
        arguments["wandb"] = {
            "group": config.group or group,
            "name": f"{config.group or group}-{fold_folder(Path(), fold).name}",
            "dir": str(folder),
            "mode": wandb_mode(),
        }
    with wandb_files_in(folder / "wandb"):
        accelerator.init_trackers(config.project, config=flatten(values), init_kwargs=arguments)
        try:
            yield
        finally:
            for tracker in accelerator.trackers:
                tracker.finish()
            accelerator.trackers.clear()


@contextmanager
def wandb_files_in(folder: Path) -> Iterator[None]:
    """What wandb keeps in the home folder by default goes to `folder`, where the user has not said otherwise.

    The sounds and pictures of a table wait there to be uploaded, so that `wandb sync` finds them with the run.
    """
    names = [name for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR") if name not in os.environ]
    os.environ.update(dict.fromkeys(names, str(folder.absolute())))
    try:
        yield
    finally:
        for name in names:
            del os.environ[name]


def wandb_mode() -> str:
    """What WANDB_MODE says; else online where there is a key, offline where there is none.

    Raises:
        EscGpuError: for a mode that wandb does not have, and a netrc file that cannot be read.
    """
    mode = os.environ.get("WANDB_MODE")
    if mode and mode not in WANDB_MODES:
        raise EscGpuError(f"WANDB_MODE is {mode!r}; expected one of {', '.join(WANDB_MODES)}; correct or unset it")
    return mode or ("online" if has_wandb_key() else "offline")


def has_wandb_key() -> bool:
    """Whether `wandb login` was run here, or WANDB_API_KEY is set."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urllib.parse.urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc().authenticators(host) is not None
    except FileNotFoundError:
        return False
    except netrc.NetrcParseError as error:  # its own message quotes what may be a part of a password
        raise unreadable_key(f"{error.filename}, near line {error.lineno}") from None
    except OSError as error:
        raise unreadable_key(str(error)) from error


def unreadable_key(reason: str) -> EscGpuError:
    """What to do about a netrc file that cannot be read."""
    return EscGpuError(
        f"the key of wandb cannot be read ({reason}): correct ~/.netrc, or set WANDB_API_KEY or WANDB_MODE=offline"
    )


def log_result(
    accelerator: Any,
    metrics: dict[str, Any],
    class_names: list[str],
    images: list[Path],
    step: int,
    clips: Sequence[TrackedClip] = (),
) -> None:
    """A fold's final metrics, and in wandb its confusion matrix, pictures and a table of test clips to listen to.

    Of several labels a clip there is no confusion matrix.
    """
    scalars = {f"final/{name}": value for name, value in metrics.items() if isinstance(value, (int, float))}
    accelerator.log(scalars, step=step)
    for tracker in accelerator.trackers:
        if tracker.name == "wandb" and accelerator.is_main_process:
            tracker.log(wandb_content(metrics.get("confusion_matrix"), class_names, images, clips), step=step)


def wandb_content(
    confusion_matrix: list[list[int]] | None, class_names: list[str], images: list[Path], clips: Sequence[TrackedClip]
) -> dict[str, Any]:
    """What wandb shows besides numbers, by name."""
    import wandb

    content: dict[str, object] = {path.stem: wandb.Image(str(path)) for path in images}
    if confusion_matrix is not None:
        tested = [
            (true, predicted)
            for true, row in enumerate(confusion_matrix)
            for predicted, count in enumerate(row)
            for _ in range(count)
        ]
        labels, predictions = zip(*tested, strict=True)
        content["confusion_matrix"] = wandb.plot.confusion_matrix(
            y_true=labels, preds=predictions, class_names=class_names, title="Confusion matrix of the test fold"
        )
    if clips:
        content["clips"] = wandb.Table(
            columns=list(CLIP_COLUMNS),
            data=[
                [
                    wandb.Audio(clip.waveform, sample_rate=clip.sample_rate),
                    wandb.Image(clip.picture),
                    clip.label,
                    clip.prediction,
                    clip.probability,
                    clip.is_correct,
                    clip.filename,
                ]
                for clip in clips
            ],
        )
    return content
