"""Several processes as a launcher starts them, forked from one that has imported everything once."""

import gc
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.helpers.ports import free_port

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["esc_gpu.experiment.cross_validation", "esc_gpu.config.parse", "torch.distributed.nn.functional"]
)


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
        folder.mkdir(parents=True, exist_ok=True)
        numbers = {**sizes, "RANK": rank, "LOCAL_RANK": rank % sizes["LOCAL_WORLD_SIZE"]}
        variables = environment | {name: str(number) for name, number in numbers.items()}
        processes.append(CONTEXT.Process(target=begin, args=(work, given, folder, variables)))
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


def begin(work: Callable[..., int | None], arguments: tuple[object, ...], folder: Path, variables: dict) -> None:
    """What a process does: `work`, in its folder, with a launcher's variables, printing to `output.txt`."""
    gc.freeze()  # as in conftest.py
    os.environ.update(variables)
    os.chdir(folder)
    output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    raise SystemExit(work(*arguments))
