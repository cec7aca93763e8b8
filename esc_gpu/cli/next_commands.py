"""Commands for a user to copy: those that follow a training, and one that was typed without a run, completed."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import list2cmdline  # Windows' quotes: nothing is started by it

from esc_gpu.core.files import WINDOWS, read_json
from esc_gpu.core.run_layout import SUMMARY
from esc_gpu.errors import EscGpuError

NAME = "esc-gpu"
RUNS = Path("runs")  # where a training without output_dir puts its results


def command_line(words: Sequence[str]) -> str:
    """The words as one line for the shell of this system."""
    return list2cmdline(words) if WINDOWS else shlex.join(words)


def program() -> list[str]:
    """What starts `esc-gpu` of this environment from the present folder, whether the environment is active or not."""
    beside = Path(sys.executable).with_name(f"{NAME}.exe" if WINDOWS else NAME)
    if not beside.is_file():
        return [sys.executable, "-m", "esc_gpu"]
    found = shutil.which(NAME)
    if found is not None and os.path.samefile(found, beside):
        return [NAME]
    here = Path.cwd()
    is_below = beside.is_relative_to(here) and beside.parent != here  # a bare name is looked for in PATH
    return [str(beside.relative_to(here) if is_below else beside)]


def as_argument(run: Path) -> str:
    """A folder's name that is taken for no option, and for nobody's home."""
    return os.path.join(".", run) if str(run).startswith(("-", "~")) else str(run)


def next_commands(run: Path) -> list[str]:
    """Where the results of a training are, and a line for each command that goes on from there."""
    folder = as_argument(run)
    commands = {
        "compute all metrics": ["evaluate", folder],
        "write a page with every mistake": ["report", folder],
        "compare it with another run": ["compare", folder, "OTHER_RUN"],
        "classify your own recordings": ["predict", "--model", folder, "FILE_OR_FOLDER"],
    }
    width = max(map(len, commands)) + 3
    return [
        f"The results are in {run}.",
        *(f"{purpose + ':  ':<{width}}{command_line([*program(), *words])}" for purpose, words in commands.items()),
    ]


def newest_run() -> Path | None:
    """The run below runs/ that ended last; None where none has ended. One whose summary is damaged does not count."""
    ended = {
        summary: summary.stat().st_mtime
        for depth in ("*", "*/*")
        for summary in RUNS.glob(f"{depth}/{SUMMARY}")
        if summary.is_file()
    }
    from_the_last = sorted(ended, key=lambda summary: ended[summary], reverse=True)
    return next((summary.parent for summary in from_the_last if is_whole(summary)), None)


def is_whole(summary: Path) -> bool:
    """Whether a file holds a JSON object, as a training writes it at its end."""
    try:
        read_json(summary)
    except EscGpuError:
        return False
    return True


def missing_run(name: str, typed: Sequence[str]) -> EscGpuError:
    """What is said of a command without a run: the newest one, and the command with it.

    It is not taken unasked: another training could end between two calls, and the answers would change.

    Args:
        name: of the option or the argument that is missing.
        typed: the command and its arguments.
    """
    run = newest_run()
    if run is None:
        return EscGpuError(
            f"{name} is missing, and there is no finished run in {RUNS}; name a run's folder, or train one first"
        )
    command, *rest = typed
    option = [name] if name.startswith("--") else []
    words = [*program(), command, *option, as_argument(run), *rest]
    return EscGpuError(f"{name} is missing; the newest run is {run}: {command_line(words)}")
