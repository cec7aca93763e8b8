"""Windows and macOS as far as they can be had on Linux: what they lack is taken away before the package is imported.

`python -m tests.helpers.other_systems win32 FOLDER darwin FOLDER` runs each folder's commands in a fork of one process,
which has imported the libraries: they have their own ways on each system, and only those of this one are here.
"""

import builtins
import contextlib
import ctypes
import errno
import functools
import importlib
import io
import json
import os
import shutil
import signal
import stat
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

POSIX_MODULES = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty")
# Names of os and signal.
MISSING = {
    "win32": {
        "os": (
            "EX_OK O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK WNOHANG confstr ctermid fchmod fchown fork "
            "forkpty geteuid getgid getgroups getloadavg getpgid getuid killpg mkfifo mknod nice "
            "posix_fadvise pread preadv pwrite pwritev sched_getaffinity sched_yield sendfile setpgid setsid "
            "sync sysconf uname wait wait3 wait4"
        ),
        "signal": (
            "SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2 "
            "SIGXCPU SIGXFSZ alarm pause pthread_kill setitimer sigwait"
        ),
    },
    "darwin": {"os": "posix_fadvise preadv pwritev sched_getaffinity", "signal": "SIGPOLL SIGPWR"},
}
# Imported as they are on Linux.
LIBRARIES = (
    "accelerate filelock huggingface_hub jinja2 jsonargparse matplotlib.pyplot nnAudio.features platform psutil "
    "safetensors.torch scipy.io.wavfile scipy.signal sklearn.linear_model sklearn.metrics soundfile soxr subprocess "
    "timm torch.export tqdm.auto urllib.request yaml zipfile tests.helpers.undrawn"
)
DONE = "all commands are done"  # the last line of a system whose commands gave what they should
BETWEEN = ("contextlib", "genericpath", "io", "os", "pathlib", "shutil", "tempfile")  # what the package may ask through


def take_away(system: str) -> None:
    """Make this process one of `system`, "win32" or "darwin", for good."""
    for name, names in MISSING[system].items():
        for missing in names.split():
            with contextlib.suppress(AttributeError):
                delattr(importlib.import_module(name), missing)
    forbid_proc()
    if system == "win32":
        for name in POSIX_MODULES:
            sys.modules[name] = None  # type: ignore[assignment]
        os.environ.setdefault("USERNAME", "user")
        ctypes.CDLL = refuse_nameless(ctypes.CDLL)  # type: ignore[misc,assignment]
        shutil._use_fd_functions = False  # type: ignore[attr-defined]
        open_as_windows()
        keep_open_files()
    sys.platform = system


def is_ours() -> bool:
    """Whether the package asks, be it through the standard library: what other libraries do is their own affair."""
    frame = sys._getframe(1)
    while frame is not None and (
        frame.f_globals is globals() or frame.f_globals.get("__name__", "").partition(".")[0] in BETWEEN
    ):
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__", "").startswith("esc_gpu")


def replace_function(owner: ModuleType, name: str, check: Callable[..., None]) -> None:
    """Have `check` look at the arguments of a function before it is called."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def checked(*arguments: Any, **options: Any) -> Any:
        check(*arguments, **options)
        return original(*arguments, **options)

    setattr(owner, name, checked)


def forbid_proc() -> None:
    def check(path: Any, *_: Any, **__: Any) -> None:
        if isinstance(path, str | os.PathLike) and os.fspath(path).startswith("/proc") and is_ours():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))

    for owner, name in ((os, "stat"), (os, "open"), (os, "listdir"), (io, "open"), (builtins, "open")):
        replace_function(owner, name, check)


def refuse_nameless(library: Any) -> Any:
    """Windows has no library without a name."""

    class Library(library):
        def __init__(self, name: str | None, *arguments: Any, **options: Any):
            if name is None:
                raise TypeError("LoadLibrary() argument 1 must be str, not None")
            super().__init__(name, *arguments, **options)

    return Library


def open_as_windows() -> None:
    """No folder can be opened, only what is open for writing be flushed, and a text's lines end with CRLF."""
    flags: dict[int, int] = {}
    original_open, original_fsync = os.open, os.fsync

    def open_handle(path: Any, flag: int, *arguments: Any, **options: Any) -> int:
        if is_ours() and not isinstance(path, int) and os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        handle = original_open(path, flag, *arguments, **options)
        flags[handle] = flag
        return handle

    def fsync(handle: Any) -> None:
        number = handle if isinstance(handle, int) else handle.fileno()
        if is_ours() and flags.get(number, os.O_RDWR) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        original_fsync(handle)

    os.open, os.fsync = open_handle, fsync
    for owner in (io, builtins):
        owner.open = with_crlf(owner.open)  # type: ignore[attr-defined]


def with_crlf(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def open_text(
        file: Any, mode: str = "r", buffering: int = -1, encoding: Any = None, *more: Any, **options: Any
    ) -> Any:
        is_text = "b" not in mode and is_ours()
        if is_text and encoding is None:
            encoding = "cp1252"
        if is_text and "r" not in mode and len(more) < 2 and options.get("newline") is None:
            options["newline"] = "\r\n"
        return original(file, mode, buffering, encoding, *more, **options)

    return open_text


def open_names() -> Iterator[str]:
    """The files that this process has open or mapped."""
    for handle in ORIGINAL_LISTDIR("/proc/self/fd"):
        with contextlib.suppress(OSError):
            yield os.readlink(f"/proc/self/fd/{handle}")
    with ORIGINAL_OPEN("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        yield from (line.split(maxsplit=5)[-1].strip() for line in maps if "/" in line)


ORIGINAL_LISTDIR, ORIGINAL_OPEN = os.listdir, open


def keep_open_files() -> None:
    """What is open is neither removed nor renamed nor replaced."""

    def check(*paths: Any, **_: Any) -> None:
        for path in paths:
            if not isinstance(path, str | os.PathLike):
                continue
            real = os.path.realpath(path)
            used = [name for name in open_names() if name == real or name.startswith(f"{real}{os.sep}")]
            if used and stat.S_IFMT(os.lstat(path).st_mode) != stat.S_IFLNK and os.path.isfile(used[0]):
                error = PermissionError(errno.EACCES, "The process cannot access the file, for it is in use", str(path))
                error.winerror = 32  # type: ignore[attr-defined]
                raise error

    for name in ("replace", "rename", "unlink", "remove"):
        replace_function(os, name, check)


@contextlib.contextmanager
def interrupted_at(function: str, number: int) -> Iterator[None]:
    """Ctrl-C at the `number`th call of a function, once it is done."""
    module_name, _, name = function.rpartition(".")
    module = importlib.import_module(module_name)
    original, calls = getattr(module, name), []

    def call(*arguments: Any, **options: Any) -> Any:
        result = original(*arguments, **options)
        calls.append(name)
        if len(calls) == number:
            signal.raise_signal(signal.SIGINT)
        return result

    setattr(module, name, call)
    try:
        yield
    finally:
        setattr(module, name, original)


def run_commands(system: str) -> None:
    """Run those of commands.json, `[status, word, ...]` each; of status 130 is one that is cut off at a checkpoint.

    `synthetic FOLDER` is one of its own: five recordings of each class.
    """
    take_away(system)
    from esc_gpu.cli.main import main as run
    from esc_gpu.data.recordings.synthetic import write_synthetic
    from tests.helpers.undrawn import undrawn

    for expected, *words in json.loads(Path("commands.json").read_text(encoding="utf-8")):
        sys.stdout.write(f"$ {' '.join(words)}\n")
        if words[0] == "synthetic":
            write_synthetic(words[1], clips_per_class=5, progress=False)
            continue
        cut = interrupted_at("esc_gpu.training.loop.save_state", 1) if expected == 130 else contextlib.nullcontext()
        with undrawn(), cut:
            status = run(words)
        if status != expected:
            raise SystemExit(f"{words} gave {status} instead of {expected}")


def run_in_fork(system: str, folder: str) -> None:
    """Run the folder's commands there; what is printed goes to its shown.txt, and so does what went wrong."""
    process = os.fork()
    if process:
        os.waitpid(process, 0)
        return
    try:
        os.chdir(folder)
        shown = os.open("shown.txt", os.O_WRONLY | os.O_CREAT)
        os.dup2(shown, sys.stdout.fileno())
        os.dup2(shown, sys.stderr.fileno())
        run_commands(system)
        sys.stdout.write(f"{DONE}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(0)


def main(*given: str) -> None:
    for library in LIBRARIES.split():
        importlib.import_module(library)
    loaded = [name for name in sys.modules if name.partition(".")[0] == "esc_gpu"]
    if loaded:
        raise SystemExit(f"imported before anything was taken away: {loaded}")
    for system, folder in zip(given[::2], given[1::2], strict=True):
        run_in_fork(system, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
