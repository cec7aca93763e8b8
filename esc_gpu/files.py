"""Files that are either whole or not there."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from esc_gpu.errors import EscGpuError

UMASK = os.umask(0)  # it can be read by setting it only, which is the whole process's: done once, before any thread
os.umask(UMASK)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; it takes the place of `path` when the block ends without an error."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~UMASK)  # mkstemp makes private files
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    """Write `value` as readable JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, object]:
    """The object in a JSON file.

    Raises:
        EscGpuError: for a missing file, or one that is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EscGpuError(f"there is no file {path}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise EscGpuError(f"{path} is not JSON: {error}") from error


def check_writable(file: Path) -> None:
    """Refuse a path that nothing can be written to, before the work.

    Raises:
        EscGpuError: for a folder, and a file whose folder is not there or cannot be written to.
    """
    if file.is_dir() or not os.access(file.parent, os.W_OK):
        raise EscGpuError(f"cannot write {file}: name a file in a folder that is there and can be written")
