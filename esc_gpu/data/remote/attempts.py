"""Transfers are tried several times; what cannot be mended by that is said in one line."""

import errno
import sys
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from esc_gpu.errors import EscGpuError, first_line

WAITS_S = (0.0, 1.0, 2.0, 4.0, 8.0)  # before each attempt
# What libraries of file systems raise besides OSError, by the module that has it once they are loaded.
RAISED = {
    "aiohttp": ("ClientError",),
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
    "ftplib": ("Error",),
    "gcsfs.retry": ("HttpError",),
    "httpx": ("HTTPError",),
    "httpx2": ("HTTPError",),  # of huggingface_hub
}
# What is said of an archive that is broken.
ARCHIVES = {"lzma": ("LZMAError",), "tarfile": ("TarError",), "zipfile": ("BadZipFile",), "zlib": ("error",)}
NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError")
MISSING, REFUSED, PASSING = (404, 410), (401, 403), (408, 429)  # statuses of HTTP; from 500 on they pass, too
FULL = (errno.ENOSPC, errno.EDQUOT)
T = TypeVar("T")


class UnreachableError(EscGpuError):
    """The other side does not answer, or not to the end."""


def attempt(address: str, work: Callable[[], T], waits_s: tuple[float, ...] | None = None) -> T:
    """What `work` gives, tried again where another attempt may help.

    Args:
        address: of what is read, for errors.
        work: reads it.
        waits_s: seconds before each attempt; None is `WAITS_S`.

    Raises:
        UnreachableError: after the last attempt.
        EscGpuError: where there is nothing of this name, it may not be read, or the disk is full.
    """
    waits_s = WAITS_S if waits_s is None else waits_s
    for wait_s in waits_s:
        time.sleep(wait_s)
        try:
            return work()
        except _caught() as error:
            last = _cause(error)
            if said := _final(last):
                raise EscGpuError(f"{address}: {said}") from error
    raise UnreachableError(
        f"{address}: {_what(last)} (attempts: {len(waits_s)}); expected an answer to its end; check the address and "
        "the network, and run the command again: it goes on where this one stopped"
    ) from last


def _caught() -> tuple[type[Exception], ...]:
    return (*_loaded(RAISED), *_loaded(ARCHIVES), OSError, EOFError)


def _loaded(raised: Mapping[str, tuple[str, ...]]) -> tuple[type[Exception], ...]:
    loaded = [(sys.modules[module], names) for module, names in raised.items() if module in sys.modules]
    return tuple(getattr(module, name) for module, names in loaded for name in names)


def _cause(error: Exception) -> Exception:
    """fsspec says of a web server in trouble that there is no such file."""
    cause = error.__cause__ if isinstance(error, FileNotFoundError) else None
    return cause if isinstance(cause, Exception) and isinstance(cause, (*_loaded(RAISED), OSError)) else error


def _final(error: Exception) -> str:
    """What is wrong and what to do about it, where trying again does not help; else nothing."""
    if isinstance(error, _loaded(ARCHIVES)):
        return f"{_what(error)}; expected an archive that is whole; replace it, or correct data.root"
    number = _status(error)
    if number in MISSING or isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return (
            f"{_what(error)}; expected a folder, bucket or data set that is there and may be read; correct "
            "data.root, or give credentials if it is private"
        )
    if type(error).__name__ in NO_CREDENTIALS:
        return (
            f"{_what(error)}; expected credentials of this storage in its environment variables or files; give them, "
            "or set FSSPEC_S3_ANON=true if the bucket is public"
        )
    if number in REFUSED or isinstance(error, PermissionError):
        return f"{_what(error)}; expected credentials that may read it; correct them, or data.root"
    if isinstance(error, OSError) and error.errno in FULL:
        return f"{_what(error)}; expected room for all files; free some, or choose another folder with --data.cache_dir"
    if 400 <= number < 500 and number not in PASSING:
        return f"{_what(error)}; expected a folder of recordings; correct data.root"
    return ""


def _status(error: Exception) -> int:
    """The status of HTTP that an error is about, wherever its library has it; 0 for none."""
    answer = getattr(error, "response", None)
    status = getattr(error, "status", None) or getattr(answer, "status_code", None)
    if isinstance(answer, dict):  # of botocore
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) else 0


def _what(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    return f"{type(error).__name__}, {first_line(error)}" if str(error).strip() else type(error).__name__
