"""Folders for recordings that are being decoded and are not kept: one for each process, and none is left."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from esc_gpu.core.lock import InUseError, locked

COMING = ".coming-"  # begins their names; no folder of recordings is called so


@contextmanager
def coming_folder(place: Path) -> Iterator[Path]:
    """A new one in `place`, until the block ends.

    Its process holds the lock in it, so that others know that it is at work. Who looks for leftovers must hold the lock
    of `place`; so must who enters the block, because the lock is taken after the folder was made.
    """
    with tempfile.TemporaryDirectory(prefix=COMING, dir=place) as folder, locked(Path(folder) / "lock"):
        yield Path(folder)


def remove_left_folders(place: Path) -> None:
    """Those of processes that were killed: nobody holds the lock in them. Another user's are left to that user."""
    for folder in place.glob(f"{COMING}*"):
        try:
            with locked(folder / "lock", wait=False) as is_locked:
                is_left = is_locked
            if is_left:
                shutil.rmtree(folder)
        except (InUseError, OSError):  # of one that is at work, ends at this moment, or belongs to somebody else
            continue
