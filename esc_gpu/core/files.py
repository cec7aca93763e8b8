"""Files that are either whole or not there, also after a power cut."""

import errno
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from esc_gpu.core.nesting import MOST_LEVELS, is_too_deep
from esc_gpu.errors import EscGpuError

WINDOWS = sys.platform == "win32"
UMASK = os.umask(0)  # it can be read by setting it only, which is the whole process's: done once, before any thread
os.umask(UMASK)
PARTIAL = ".partial-"  # begins the name of what is being written or removed
SIGNS = 24  # of a name, and of its suffix, in that of its temporary file: longer than a file's name none may get
# What a folder or disk can have against being written to.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)
# The waits before Windows is asked again for a file that another program, such as a virus scanner, has open.
RETRY_S = (0.01, 0.05, 0.2, 0.5, 1.0)


class FolderGoneError(FileNotFoundError):
    """The folder of a file that was being written is not there any more."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; it takes the place of `path` when the block ends without an error.

    Its content is on the disk before, and so is the change of names when this ends.

    Raises:
        FolderGoneError: where the folder of `path` is not there, or not any more.
    """
    temporary = None
    try:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f"{PARTIAL}{path.name[:SIGNS]}-", suffix=path.suffix[:SIGNS]
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~UMASK)  # mkstemp makes private files
        synchronize(temporary)
        move(temporary, path)
        synchronize(path.parent)
    except OSError as error:
        name = str(error.filename)
        is_ours = error.filename is None or name == str(path.parent) or PARTIAL in name
        if error.errno == errno.ENOENT and is_ours:
            reason = "its folder does not exist, or was removed meanwhile"
            raise FolderGoneError(error.errno, reason, str(path)) from error
        if error.errno is not None and is_ours:
            error.filename = str(path)  # a full disk does not say which file it had no room for
        raise
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def move(source: Path, target: Path) -> None:
    """Give a file or folder the name `target`, in the place of the file that has it."""
    for wait_s in RETRY_S if WINDOWS else ():
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(wait_s)
    os.replace(source, target)


def synchronize(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on the disk; Windows cannot do that for a folder."""
    if WINDOWS and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if WINDOWS else os.O_RDONLY)  # Windows flushes what is open for writing only
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems have no such thing for a folder
            raise
    finally:
        os.close(handle)


def discard(path: Path) -> None:
    """Remove a file or folder at once: a kill in the midst leaves nothing that looks like a part of it."""
    doomed = path.with_name(f"{PARTIAL}{path.name}")
    if path.is_dir() and not path.is_symlink():
        move(path, doomed)
        shutil.rmtree(doomed)
    else:
        path.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process had begun to write or remove; nobody else may be writing to `folder`."""
    for path in folder.glob(f"{PARTIAL}*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def write_text(path: Path, text: str) -> None:
    """Write `text` whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")  # the same bytes on every system


def write_json(path: Path, value: object) -> None:
    """Write `value` as readable JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        EscGpuError: for a missing file, one that may not be read or is not JSON, and JSON that is no object or too
            deep.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))  # with or without the mark of Windows' editors
    except FileNotFoundError as error:
        raise EscGpuError(f"there is no file {path}") from error
    except (IsADirectoryError, PermissionError) as error:
        raise EscGpuError(f"{path}: {error.strerror}; expected a JSON file that may be read; correct it") from error
    except ValueError as error:  # also of bytes that are no UTF-8, and a number of too many digits
        raise EscGpuError(f"{path} is not JSON: {error}") from error
    except RecursionError as error:
        raise EscGpuError(f"{path} is JSON of too many levels; expected up to {MOST_LEVELS}") from error
    if is_too_deep(value):
        raise EscGpuError(f"{path} is JSON of too many levels; expected up to {MOST_LEVELS}")
    if not isinstance(value, dict):
        raise EscGpuError(f"{path} does not hold a JSON object; expected one, in braces")
    return value


def check_there(option: str, file: str | Path) -> None:
    """Refuse the file of an option that is not there, before the work."""
    if not Path(file).is_file():
        raise EscGpuError(f"{option}: there is no file {file}; correct the name")


def check_writable(file: Path) -> None:
    """Refuse a path that nothing can be written to, before the work.

    Raises:
        EscGpuError: for a folder, a name that is too long, and a file whose folder is not there or cannot be written
            to.
    """
    try:
        is_folder = file.is_dir()
    except OSError as error:
        raise EscGpuError(f"cannot write {file}: {error.strerror}; choose another name") from error
    if is_folder or not os.access(file.parent, os.W_OK):
        raise EscGpuError(f"cannot write {file}: name a file in a folder that exists and is writable")


def check_makeable(folder: Path) -> None:
    """Refuse a folder that can neither be made nor written to, before the work.

    Raises:
        EscGpuError: for what is a file, is to be below one, or may not be written to.
    """
    reason = hindrance(folder)
    if reason is not None:
        raise EscGpuError(
            f"cannot write to {folder} ({reason}); expected a folder that can be made; choose another --output"
        )


def check_cache(folder: Path, option: str) -> None:
    """Refuse a cache folder that cannot be made, before the work; one that is there may be complete, and only be read.

    Raises:
        EscGpuError: for what is a file, is to be below one, or below a folder that may not be written to.
    """
    reason = None if folder.is_dir() else hindrance(folder)
    if reason is not None:
        raise cache_error(folder, reason, option)


def cache_error(folder: Path, reason: str | OSError, option: str) -> EscGpuError:
    """What to say of a cache folder that cannot be written."""
    what = reason.strerror or reason if isinstance(reason, OSError) else reason
    return EscGpuError(
        f"cache folder {folder}: {what}; expected a folder that can be written; correct it or choose another with "
        f"{option}"
    )


def hindrance(folder: Path) -> str | None:
    """What keeps a folder from being made or written to, as far as it is seen without a try; None for nothing."""
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not there.is_dir():
        return f"{there} is no folder"
    return None if os.access(there, os.W_OK) else f"{there} may not be written to"
