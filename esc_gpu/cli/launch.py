"""The launchers that a run is started by, and `accelerate launch --cpu --num_processes 2` made to start two processes.

Accelerate leaves the starting of several CPU processes to MPI; without MPI its launcher starts one
process and says nothing. This module then makes that process torch's launcher.
"""

import ctypes
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from esc_gpu.cli.next_commands import command_line
from esc_gpu.core.files import WINDOWS

if TYPE_CHECKING:
    import psutil

RANK_VARIABLES = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
LAUNCHERS = ("accelerate-launch", "accelerate.commands.launch", os.path.join("commands", "launch.py"))
TORCH_LAUNCHERS = ("torchrun", "torch.distributed.run")
ELASTIC = "torch.distributed.elastic"
SPOKEN = "esc_gpu-has-spoken"
PR_SET_PDEATHSIG = 1  # of Linux's prctl


def start_all_processes(check: Callable[[], object]) -> None:
    """Become the launcher of all, if this process was meant to be several and is alone, and exit; else do nothing.

    `check` is called before, so that what is wrong with the options is said once.
    """
    # The launcher names a meeting point where there is to be more than one process.
    alone = "MASTER_ADDR" in os.environ and not any(name in os.environ for name in RANK_VARIABLES)
    if not alone or os.environ.get("ACCELERATE_USE_CPU", "").lower() != "true":
        return
    words = parent_command()
    launch = find_launch(words)
    if launch is None:
        return
    check()
    from accelerate.commands.launch import launch_command_parser  # here: it loads torch

    launched = launch_command_parser().parse_args(words[launch + 1 :])
    machines = launched.num_machines or 1
    if launched.num_processes is None:
        raise SystemExit("error: several CPU processes need their number on the command line: add --num_processes N")
    options = ["--nproc_per_node", str(launched.num_processes // machines)]
    if machines == 1 and launched.main_process_port is None:
        options.append("--standalone")  # a port that is free, for two trainings at once
    else:
        meeting = {
            "--nnodes": machines,
            "--node_rank": launched.machine_rank or 0,
            "--master_addr": os.environ["MASTER_ADDR"],
            "--master_port": os.environ["MASTER_PORT"],
        }
        options += [str(part) for option in meeting.items() for part in option]
    if WINDOWS:  # where torch is built without libuv, which its launcher takes for granted
        os.environ.setdefault("USE_LIBUV", "0")
    with tempfile.TemporaryDirectory(prefix="esc_gpu-launch-") as folder:
        raise SystemExit(start_processes([*options, "--log-dir", folder, *program()], Path(folder)))


def start_processes(words: list[str], folder: Path) -> int:
    """Be torch's launcher; its exit status is that of the first process to fail, which has said why.

    `folder` is that of the launcher's logs, and of what the processes note of their having spoken.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main

    if "LOGLEVEL" not in os.environ:  # it would tell of each process that has ended, and of each that it ends
        for name in list(logging.root.manager.loggerDict):
            if name.startswith(ELASTIC):
                logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        main(words)
    except SignalException as error:  # handed on to the processes, the first of which says how to go on
        return 128 + error.sigval
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        if failure.exitcode >= 0:
            return failure.exitcode
        if not list(folder.rglob(SPOKEN)):
            name = signal.Signals(-failure.exitcode).name
            print(
                f"error: process {failure.local_rank} of the run was ended by {name}: go on from the last checkpoint "
                "with --resume",
                file=sys.stderr,
            )
        return 128 - failure.exitcode
    return 0


def program() -> list[str]:
    """What this process runs, in the words of torch's launcher: a script, or a module, as `esc_gpu` is."""
    module = sys.modules["__main__"].__spec__
    if module is None:
        return sys.argv
    return ["--module", module.name.removesuffix(".__main__"), *sys.argv[1:]]


def parent_command() -> list[str]:
    """The words that started this process's parent; none where it may not be looked at."""
    import psutil

    parent = psutil.Process().parent()
    words = command_of(parent)
    if WINDOWS and parent is not None and words[1:] == sys.orig_argv[1:]:  # a venv's python.exe starts the real one
        words = command_of(parent.parent())
    return words


def command_of(process: "psutil.Process | None") -> list[str]:
    """The words that started a process; none where there is no such process, or it may not be looked at."""
    import psutil

    try:
        return process.cmdline() if process is not None else []
    except psutil.Error:
        return []


def find_launch(words: Sequence[str]) -> int | None:
    """Where in a command line the options of `accelerate launch` begin, less one; None for another command."""
    names = [word.removesuffix(".exe") for word in words]
    for number, name in enumerate(names):
        if name.endswith(LAUNCHERS) or (name == "launch" and os.path.basename(names[number - 1]) == "accelerate"):
            return number
    return None


def end_with_launcher() -> None:
    """Where a launcher is the parent, have Linux send SIGTERM when it ends.

    When it is killed it would else leave the training behind.
    """
    if sys.platform != "linux":
        return
    import psutil

    parent = psutil.Process().parent()
    if parent is None or ("TORCHELASTIC_RUN_ID" not in os.environ and find_launch(command_of(parent)) is None):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent.pid:  # it has ended meanwhile
        os.kill(os.getpid(), signal.SIGTERM)


def is_first_process() -> bool:
    """Whether this is the process of a run that speaks for all."""
    return next((os.environ[name] for name in RANK_VARIABLES if name in os.environ), "0") == "0"


def is_first_to_speak() -> bool:
    """Whether none of the processes that torch's launcher has started here has said yet what ends the run."""
    file = os.environ.get("TORCHELASTIC_ERROR_FILE")  # in a folder of each process, within that of this start
    if not file:
        return True
    try:
        Path(file).parents[1].joinpath(SPOKEN).touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:  # a full disk: rather twice than never
        return True
    return True


def resume_command(arguments: Sequence[str], prog: str) -> str:
    """What to type to go on with the run that this process is part of: its own command, or its launcher's."""
    words = typed_words(arguments, prog)
    return command_line([*words, *([] if "--resume" in words else ["--resume"])])


def typed_words(arguments: Sequence[str], prog: str) -> list[str]:
    """The command line that started the run."""
    if sys.argv[len(sys.argv) - len(arguments) :] != list(arguments):  # called from Python, as in a notebook
        return [*prog.split(), *arguments]
    import psutil

    try:
        commands = [process.cmdline() for process in psutil.Process().parents()]
    except psutil.Error:  # one of them has just ended
        commands = []
    launchers = [words for words in commands if is_launcher(words)]
    words = launchers[-1] if launchers else sys.orig_argv
    is_script = len(words) > 1 and os.path.isfile(words[1]) and not words[1].endswith(".py")
    return words[1:] if is_script else words  # `accelerate`, `torchrun` and `esc-gpu` name their Python themselves


def is_launcher(words: Sequence[str]) -> bool:
    """Whether a command starts the processes of a run."""
    return find_launch(words) is not None or any(word.removesuffix(".exe").endswith(TORCH_LAUNCHERS) for word in words)
