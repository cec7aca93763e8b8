"""The folder of a run: made, resumed, replaced or left alone, and one run's at a time."""

import errno
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
from esc_gpu.core.yaml_limits import check_yaml
from esc_gpu.errors import EscGpuError
from esc_gpu.experiment.output_place import check_folder, holds_a_run, no_place
from esc_gpu.model.classifier import WaveformClassifier

# What is compared of the data, and what it differs in.
DATA_KEYS = {"recordings": "its files, classes, folds or sources", "store": "the audio, or what of it can be decoded"}
# What is trained in, whatever `train.mixed_precision: auto` is on the machine that resumes.
PRECISION = "mixed_precision"
FORBIDDEN = (errno.EACCES, errno.EPERM)
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
                f"{output_dir} is in use by another run ({error}): wait until it ends, or choose another --output_dir"
            ) from error
        except OSError as error:
            raise no_place(output_dir, error) from error
        yield


def prepare_output(
    config: RunConfig,
    output_dir: Path,
    model: WaveformClassifier,
    data: Mapping[str, str],
    n_folds: int,
    at_once: int = 1,
) -> None:
    """Write `config.yaml` into the folder, which is this run's; what an earlier one left is kept or replaced.

    `data` has the hashes of the recordings and of their clips, the precision of the training, "no", "bf16" or "fp16",
    and where the folds are from, all of which `data.json` keeps for whoever resumes.

    Raises:
        EscGpuError: for a folder that cannot be written to, and an earlier run that is neither to be replaced nor of
            the same options, precision and recordings.
    """
    config_file = output_dir / CONFIG
    resumes = config.resume and config_file.exists()
    begun = {}
    if resumes:
        try:
            begun = read_json(output_dir / DATA) if (output_dir / DATA).exists() else {}
            check_same_config(config, read_config(config_file), (begun.get(PRECISION), data.get(PRECISION)))
            check_same_recordings(data, begun)
        except EscGpuError:
            if not config.overwrite:
                raise
            resumes, begun = False, {}  # as where a run that was to replace another was stopped before it had
    elif config_file.exists() and not config.overwrite:
        raise holds_a_run(output_dir)
    try:
        for folder in (output_dir, *output_dir.glob(f"{FOLDS}/")):
            remove_leftovers(folder)
        if not resumes:
            replace_run(output_dir)
            weights = sum(p.numel() * p.element_size() for p in model.parameters())
            check_disk(output_dir, weights * (n_folds + STATE_MODELS * at_once))
            write_text(config_file, yaml.safe_dump(as_dict(config), sort_keys=False))
        if not data.keys() <= begun.keys():  # a kill may have come before it, and earlier versions had less
            write_json(output_dir / DATA, {**data, **begun})
    except OSError as error:
        raise no_place(output_dir, error) from error


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
        text = file.read_text(encoding="utf-8")
        check_yaml(text)
        config = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # ValueError: bytes that are no UTF-8, and more than anybody writes
        config = None
    if not isinstance(config, dict):
        raise EscGpuError(f"{file} is broken: choose another --output_dir, or replace the run with --overwrite")
    return config


@contextmanager
def reporting_disk(output_dir: Path) -> Iterator[None]:
    """A full or read-only disk, an output folder that is gone, and files that may not be read are a user's mistake.

    What was written stays.
    """
    try:
        yield
    except OSError as error:
        file = Path(error.filename or output_dir)
        is_output = file == output_dir or output_dir in file.parents
        if error.errno == errno.ENOENT and is_output and not (output_dir.exists() and file.parent.exists()):
            raise EscGpuError(
                f"cannot write {file}: its folder was removed or renamed while the run went on; bring it back and go "
                "on with --resume, or start anew"
            ) from error
        if error.errno not in UNWRITABLE:
            raise
        if error.errno in FORBIDDEN and not is_output:
            raise EscGpuError(
                f"{file}: {error.strerror}; expected a file or folder that may be used; change its permissions, or "
                "name another"
            ) from error
        raise EscGpuError(
            f"cannot write {file}: {error.strerror}; what was written before is whole: "
            "make room or the folder writable, then go on with --resume"
        ) from error


def check_disk(folder: Path, n_bytes: int) -> None:
    """Refuse a disk that the checkpoints would fill."""
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise EscGpuError(
            f"{folder} has {free / 1e6:.0f} MB free and the checkpoints need {n_bytes / 1e6:.0f} MB: "
            "free some space or choose another --output_dir"
        )


def check_same_config(
    config: RunConfig, earlier: dict[str, Any], precisions: tuple[str | None, str | None] = (None, None)
) -> None:
    """Refuse to resume a run with another config, naming the keys that differ.

    `precisions` are those in which the run was begun and would go on: where both are known they are compared, and not
    the options, of which auto is another on another machine.
    """
    now, defaults = (flatten(as_dict(options)) for options in (config, RunConfig()))
    then = flatten(with_complete_frontend(earlier))
    then |= {
        key: defaults[key] for key in now.keys() & defaults.keys() - then.keys()
    }  # options that it did not know yet
    if None not in precisions:
        then["train.mixed_precision"], now["train.mixed_precision"] = precisions
    differing = [
        f"{key} was {then.get(key)}, is {now.get(key)}"
        for key in sorted(now.keys() | then.keys())
        if now.get(key) != then.get(key) and not key.startswith(RESUMABLE)
    ]
    if differing:
        raise EscGpuError(
            f"the run to resume had another config: {'; '.join(differing)}: give what it had, or start anew by "
            "--overwrite or in another --output_dir"
        )


def check_same_recordings(data: Mapping[str, str], begun: Mapping[str, str]) -> None:
    """Refuse to resume a run with other recordings than its `data.json` says, as far as it says so."""
    differing = [what for key, what in DATA_KEYS.items() if begun.get(key, data[key]) != data[key]]
    if differing:
        raise EscGpuError(
            f"the run to resume had other recordings ({'; '.join(differing)}): a clip that it was trained on may be "
            "tested on now; bring them back, or start anew with --overwrite or in another --output_dir"
        )
