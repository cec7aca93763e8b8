"""Work on many audio files, of which some may be damaged: the first ends it, or all are found."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from esc_gpu.errors import EscGpuError

OnError = Literal["fail", "skip"]
REMEDY = "replace it or leave it out"
T = TypeVar("T")


class DamagedFileError(EscGpuError):
    """One file that cannot be decoded, by its path; `what` says what is wrong with it, and what was expected."""

    def __init__(self, path: Path, what: str):
        super().__init__(f"{path}: {what}; {REMEDY}")
        self.what = what


class DamagedFilesError(EscGpuError):
    """All files of a data set that cannot be decoded, for what is in them.

    Attributes:
        reasons: what is wrong with each, without its name, by its position among the files.
    """

    def __init__(self, paths: Sequence[Path], reasons: Mapping[int, str]):
        first, reason = next(iter(reasons.items()))
        super().__init__(f"{paths[first]}: {reason}")
        self.reasons = dict(reasons)


def reason_of(path: Path, error: EscGpuError) -> str:
    """What the error has against the file, without its name.

    Raises:
        EscGpuError: the error itself if the file could not be read: that is the disk's fault or the user's.
    """
    if isinstance(error.__cause__, OSError):
        raise error
    return str(error).removeprefix(f"{path}: ")


def map_files(pool: Executor, work: Callable[[Path], T], paths: Sequence[Path], on_error: OnError) -> Iterator[T]:
    """What `work` gives for each file, in their order.

    Raises:
        EscGpuError: of the first file that `work` refuses; with "skip" not before all were tried, and then a
            DamagedFilesError, unless a file cannot be read.
    """
    if on_error == "fail":
        yield from pool.map(work, paths)
        return
    reasons = {}
    for position, result in enumerate(pool.map(partial(_attempt, work), paths)):
        if isinstance(result, EscGpuError):
            reasons[position] = reason_of(paths[position], result)
        else:
            yield result
    if reasons:
        raise DamagedFilesError(paths, reasons)


def _attempt(work: Callable[[Path], T], path: Path) -> T | EscGpuError:
    try:
        return work(path)
    except EscGpuError as error:
        return error
