"""Whether a folder can become that of a run: told by what is in it, before anything is loaded or written."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from esc_gpu.core.files import PARTIAL, hindrance
from esc_gpu.core.run_layout import CONFIG, LOCK, REPLACED
from esc_gpu.errors import EscGpuError

if TYPE_CHECKING:
    from esc_gpu.config.schema import RunConfig


def output_place(config: "RunConfig") -> Path:
    """The folder of a run's results."""
    return Path(os.path.expanduser(config.output_dir or f"runs/{config.frontend.name}"))


def check_place(output_dir: Path, *, goes_on: bool) -> None:
    """Refuse a folder that a run cannot have; one that another run is in is left to the lock.

    Args:
        output_dir: where the results are to go.
        goes_on: whether a run that is there may be gone on with, or replaced.

    Raises:
        EscGpuError: for what is no folder or cannot be one, holds something else, or holds a run that is not to go on.
    """
    try:
        check_folder(output_dir)
        is_begun = (output_dir / CONFIG).exists() and not (output_dir / LOCK).exists()
    except OSError as error:
        raise no_place(output_dir, error) from error
    if is_begun and not goes_on:
        raise holds_a_run(output_dir)
    reason = hindrance(output_dir)
    if reason is not None:
        raise no_place(output_dir, reason)


def check_folder(output_dir: Path) -> None:
    """Refuse a folder that holds something else than a run, or than the beginning of one that was killed."""
    if output_dir.exists() and not any((output_dir / name).exists() for name in (CONFIG, REPLACED)):
        names = {path.name for path in output_dir.iterdir()} - {LOCK}
        if not all(name.startswith(PARTIAL) for name in names):
            raise EscGpuError(f"{output_dir} contains something other than a run: choose another --output_dir")


def no_place(output_dir: Path, error: OSError | str) -> EscGpuError:
    """What is said of a folder that cannot be had or written to."""
    return EscGpuError(f"cannot write to {output_dir} ({error}): choose another --output_dir")


def holds_a_run(output_dir: Path) -> EscGpuError:
    """What is said of a folder with a run that is neither to go on nor to be replaced."""
    return EscGpuError(
        f"{output_dir} already holds a run: continue it with --resume, replace it with --overwrite, "
        "or choose another --output_dir"
    )
