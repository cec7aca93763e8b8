"""A command's exit status; a user's mistake, a signal or a warning becomes one line."""

import errno
import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from esc_gpu.cli.launch import is_first_process, is_first_to_speak
from esc_gpu.cli.signals import interruptible
from esc_gpu.core.extras import naming_extras
from esc_gpu.core.files import UNWRITABLE, WINDOWS, FolderGoneError
from esc_gpu.core.text import printable
from esc_gpu.errors import EscGpuError, EscGpuWarning

EXIT_USER_ERROR = 2
# What a name can lead to that nothing can be read from or written to, and what was expected: the name is the user's.
MISNAMED = {
    errno.EISDIR: "a file",
    errno.ENOTDIR: "a folder where it names one",
    errno.EEXIST: "a folder, or a new name",
    errno.ELOOP: "a link that leads somewhere",
    errno.ENAMETOOLONG: "a shorter name",
}
MISSING_GLYPH = re.compile(r"Glyph \d+ .* missing from ")  # matplotlib's, a warning for each letter
NO_LETTERS = "The font of the figures lacks letters of some names. The figures show a box for each of these letters."
# As a shell says of a program that SIGINT or SIGPIPE ended.
EXIT_INTERRUPTED, EXIT_BROKEN_PIPE = 130, 141


def reporting(command: Callable[[], int | None], go_on: str = "") -> int:
    """A command's exit status, 0 for None.

    A user's mistake becomes one line on standard error and status 2; SIGINT and SIGTERM become one with `go_on` at its
    end, said by the first process of a run only, and status 130 or 143.
    """
    with interruptible() as received, warnings_as_lines():
        try:
            return finish(command)
        except BaseException as error:
            # Whatever goes wrong after a signal, such as other processes that are not there any more, comes of it.
            if not (received or isinstance(error, KeyboardInterrupt)):
                raise
        if is_first_process():
            print(f"interrupted{go_on}", file=sys.stderr)
        return 128 + received[0] if received else EXIT_INTERRUPTED


def finish(command: Callable[[], int | None]) -> int:
    """`reporting` without the signals: for what is done before it."""
    if sys.platform == "darwin":
        # What Apple's GPU has no kernel for runs on the CPU. Accelerate sets this, too, but after torch was loaded.
        os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
    print_what_the_console_has()
    try:
        with naming_extras():
            status = command() or 0
        if sys.stdout is not None:  # as where it was closed from the beginning
            sys.stdout.flush()
        return status
    except EscGpuError as error:
        say_error(str(error))
        return EXIT_USER_ERROR
    except BrokenPipeError:  # whoever reads the output, as `head`, has enough
        close_output()
        return EXIT_BROKEN_PIPE
    except OSError as error:
        if WINDOWS and error.errno == errno.EINVAL and error.filename is None:  # which it has for a broken pipe
            close_output()
            return EXIT_BROKEN_PIPE
        if isinstance(error, FolderGoneError):
            line = f"cannot write {error.filename}: {error.strerror}; bring it back, or name another, and start again"
        elif error.errno in MISNAMED and error.filename is not None:
            line = f"{error.filename}: {error.strerror}; expected {MISNAMED[error.errno]}; correct it"
        elif error.errno in UNWRITABLE:
            line = f"{error.filename or 'output'}: {error.strerror}"
        else:
            raise
        say_error(line)
        if error.filename is None:  # standard output
            close_output()
        return EXIT_USER_ERROR


def say_error(line: str) -> None:
    """Print what ends the command, once for all processes of a run on this machine."""
    if is_first_to_speak():
        print(f"error: {printable(line)}", file=sys.stderr)


def print_what_the_console_has() -> None:
    """From now on a sign that the console's encoding lacks is printed as ?, as many are on Windows, and is no error."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")


def close_output() -> None:
    """Standard output goes nowhere from now on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Inside the block each of the library's own warnings is one line on standard error, above any progress bar.

    So is what matplotlib says of each letter of a name that its font lacks.
    """
    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        text = NO_LETTERS if MISSING_GLYPH.match(str(message)) else str(message)
        if not (issubclass(category, EscGpuWarning) or text is NO_LETTERS):
            return usual(message, category, *where, **more)
        if text in said:  # each fold makes the same front-end
            return
        said.add(text)
        from esc_gpu.core.progress import tqdm

        tqdm.write(f"warning: {printable(text)}", file=sys.stderr)

    with warnings.catch_warnings():
        usual, warnings.showwarning = warnings.showwarning, show
        warnings.simplefilter("always", EscGpuWarning)
        yield
