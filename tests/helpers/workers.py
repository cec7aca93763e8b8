"""Processes forked from one that has imported everything once: one by itself, or several as a launcher starts them."""

import gc
import multiprocessing
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from tests.helpers.forks import CONTEXT
from tests.helpers.ports import free_port
from tests.helpers.undrawn import unplotted

OUTPUT = "output.txt"


def forked(
    work: Callable[..., int | None],
    *arguments: object,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    draw: bool = False,
) -> multiprocessing.process.BaseProcess:
    """A process, not yet started, that calls `work` in `folder`, with this process's environment if none is given.

    What it prints goes to `output.txt` there. Its pictures are blank, unless it is to draw them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    variables = dict(os.environ if environment is None else environment)
    return CONTEXT.Process(target=begin, args=(work, arguments, folder, variables, draw))


def run_forked(work: Callable[..., int | None], *arguments: object, folder: Path, **options: object) -> tuple[int, str]:
    """Call `work` in a process of `forked`; its exit status and what it printed."""
    process = forked(work, *arguments, folder=folder, **options)
    process.start()
    try:
        process.join()
    finally:  # also where pytest ends the test
        process.kill()
        process.join()
    return process.exitcode, (folder / OUTPUT).read_text(encoding="utf-8")


def run_together(
    work: Callable[..., int | None],
    arguments: Sequence[tuple[object, ...]],
    folders: Sequence[Path],
    *,
    n_hosts: int = 1,
    seconds: float = 90,
) -> list[int]:
    """Call `work` in a process for each of the `arguments`, all together one group; their exit statuses.

    Each has a folder of its own to work in, where `output.txt` takes what it prints. The processes are spread
    evenly over `n_hosts`, which all are this machine. Those that do not end in time are killed.
    """
    environment = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    environment |= {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}  # as torch's launcher does
    sizes = {"WORLD_SIZE": len(arguments), "LOCAL_WORLD_SIZE": len(arguments) // n_hosts}
    processes = []
    for rank, (given, folder) in enumerate(zip(arguments, folders, strict=True)):
        numbers = {**sizes, "RANK": rank, "LOCAL_RANK": rank % sizes["LOCAL_WORLD_SIZE"]}
        variables = environment | {name: str(number) for name, number in numbers.items()}
        processes.append(forked(work, *given, folder=folder, environment={**os.environ, **variables}))
    deadline = time.monotonic() + seconds
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.join(max(0, deadline - time.monotonic()))
    finally:  # also where pytest ends the test
        for process in processes:
            process.kill()
            process.join()
    return [process.exitcode for process in processes]


def begin(
    work: Callable[..., int | None], arguments: tuple[object, ...], folder: Path, environment: dict, draw: bool
) -> None:
    """What a process does: `work`, in its folder and environment, printing to `output.txt`."""
    gc.freeze()  # as in conftest.py
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    output = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    with nullcontext() if draw else unplotted():
        raise SystemExit(work(*arguments))
