"""The folder of a run: made, resumed, replaced or left alone, and one run's at a time."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from esc_gpu.config.options import RESUMABLE, as_dict, flatten
from esc_gpu.config.parse_frontend import with_complete_frontend
from esc_gpu.config.schema import RunConfig
from esc_gpu.core.files import (
    PARTIAL,
    UNWRITABLE,
    discard,
    move,
    read_json,
    remove_leftovers,
    synchronize,
    write_json,
    write_text,
)
from esc_gpu.core.lock import InUseError, locked
from esc_gpu.core.run_layout import CONFIG, DATA, FOLDS, LOCK, REPLACED
from esc_gpu.errors import EscGpuError
from esc_gpu.model.classifier import WaveformClassifier

# What is compared of the data, and what it differs in.
DATA_KEYS = {"recordings": "its files, classes, folds or sources", "store": "the audio, or what of it can be decoded"}
# A state is the model, Adam's two moments and perhaps its average; there are two, and a third while it is written.
STATE_MODELS = 3 * 4


@contextmanager
def held_output(output_dir: Path) -> Iterator[None]:
    """Makes the output folder where there is none; inside the block no other run may have it.

    Raises:
        EscGpuError: for a folder that cannot be had or written to, or that holds something else.
    """
    with ExitStack() as held:
        try:
            check_folder(output_dir)
            output_dir.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(output_dir / LOCK, wait=False))
        except InUseError as error:
            raise EscGpuError(
                f"{output_dir} is in use by another run ({error}): wait for its end, or choose another --output_dir"
            ) from error
        except OSError as error:
            raise EscGpuError(f"cannot write to {output_dir} ({error}): choose another --output_dir") from error
        yield


def check_folder(output_dir: Path) -> None:
    """Refuse a folder that holds something else than a run, or than the beginning of one that was killed."""
    if output_dir.exists() and not any((output_dir / name).exists() for name in (CONFIG, REPLACED)):
        names = {path.name for path in output_dir.iterdir()} - {LOCK}
        if not all(name.startswith(PARTIAL) for name in names):
            raise EscGpuError(f"{output_dir} holds something else than a run: choose another --output_dir")


def prepare_output(
    config: RunConfig,
    output_dir: Path,
    model: WaveformClassifier,
    data: Mapping[str, str],
    n_folds: int,
    at_once: int = 1,
) -> None:
    """Write `config.yaml` into the folder, which is this run's; what an earlier one left is kept or replaced.

    `data` has the hashes of the recordings and of their clips, which `data.json` keeps for whoever resumes.

    Raises:
        EscGpuError: for a folder that cannot be written to, and an earlier run that is neither to be replaced nor of
            the same options and recordings.
    """
    config_file = output_dir / CONFIG
    resumes = config.resume and config_file.exists()
    if resumes:
        try:
            check_same_config(config, read_config(config_file))
            check_same_recordings(data, output_dir / DATA)
        except EscGpuError:
            if not config.overwrite:
                raise
            resumes = False  # as where a run that was to replace another was stopped before it had
    elif config_file.exists() and not config.overwrite:
        raise EscGpuError(
            f"{output_dir} already holds a run: go on with it by --resume, replace it by --overwrite, "
            "or choose another --output_dir"
        )
    try:
        for folder in (output_dir, *output_dir.glob(f"{FOLDS}/")):
            remove_leftovers(folder)
        if not resumes:
            replace_run(output_dir)
            weights = sum(p.numel() * p.element_size() for p in model.parameters())
            check_disk(output_dir, weights * (n_folds + STATE_MODELS * at_once))
            write_text(config_file, yaml.safe_dump(as_dict(config), sort_keys=False))
        if not (output_dir / DATA).exists():  # a kill may have come before it, and earlier versions had none
            write_json(output_dir / DATA, data)
    except OSError as error:
        raise EscGpuError(f"cannot write to {output_dir} ({error}): choose another --output_dir") from error


def replace_run(output_dir: Path) -> None:
    """Remove what is in the folder; cut off, this leaves nothing to resume, and a sign that the rest is to go, too."""
    sign = output_dir / REPLACED
    if (output_dir / CONFIG).exists():
        move(output_dir / CONFIG, sign)
        synchronize(output_dir)
    for path in sorted(output_dir.iterdir(), key=lambda path: path == sign):
        if path.name != LOCK:
            discard(path)


def read_config(file: Path) -> dict[str, object]:
    """The options that a run was begun with."""
    try:
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        config = None
    if not isinstance(config, dict):
        raise EscGpuError(f"{file} is broken: choose another --output_dir, or replace the run by --overwrite")
    return config


@contextmanager
def reporting_full_disk(output_dir: Path) -> Iterator[None]:
    """A disk that is full or cannot be written to inside the block is a user's mistake: what is written stays."""
    try:
        yield
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        raise EscGpuError(
            f"cannot write {error.filename or output_dir}: {error.strerror}; what was written before is whole: "
            "make room or the folder writable, then go on by --resume"
        ) from error


def check_disk(folder: Path, n_bytes: int) -> None:
    """Refuse a disk that the checkpoints would fill."""
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise EscGpuError(
            f"{folder} has {free / 1e6:.0f} MB free and the checkpoints need {n_bytes / 1e6:.0f} MB: "
            "free some space or choose another --output_dir"
        )


def check_same_config(config: RunConfig, earlier: dict[str, Any]) -> None:
    """Refuse to resume a run with another config, naming the keys that differ."""
    now, defaults = (flatten(as_dict(options)) for options in (config, RunConfig()))
    then = flatten(with_complete_frontend(earlier))
    then |= {
        key: defaults[key] for key in now.keys() & defaults.keys() - then.keys()
    }  # options that it did not know yet
    differing = [
        f"{key} was {then.get(key)}, is {now.get(key)}"
        for key in sorted(now.keys() | then.keys())
        if now.get(key) != then.get(key) and not key.startswith(RESUMABLE)
    ]
    if differing:
        raise EscGpuError(f"the run to resume had another config: {'; '.join(differing)}")


def check_same_recordings(data: Mapping[str, str], file: Path) -> None:
    """Refuse to resume a run with other recordings than its `data.json` says, if there is one."""
    earlier = read_json(file) if file.exists() else data
    differing = [what for key, what in DATA_KEYS.items() if earlier.get(key) != data[key]]
    if differing:
        raise EscGpuError(
            f"the run to resume had other recordings ({'; '.join(differing)}): a clip that it was trained on may be "
            "tested on now; bring them back, or start anew by --overwrite or in another --output_dir"
        )
