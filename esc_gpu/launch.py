"""`accelerate launch --cpu --num_processes 2` made to start two processes.

Accelerate leaves the starting of several CPU processes to MPI; without MPI its launcher starts one
process and says nothing. This module then hands the command over to torch's launcher.
"""

import os
import sys

import psutil
from accelerate.commands.launch import launch_command_parser

RANK_VARIABLES = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
LAUNCHERS = ("accelerate-launch", "accelerate.commands.launch", os.path.join("commands", "launch.py"))


def start_all_processes() -> None:
    """Replace this process by a launcher of all, if it was meant to be several and is alone; else do nothing."""
    # The launcher names a meeting point where there is to be more than one process.
    alone = "MASTER_ADDR" in os.environ and not any(name in os.environ for name in RANK_VARIABLES)
    if not alone or os.environ.get("ACCELERATE_USE_CPU", "").lower() != "true":
        return
    words = psutil.Process().parent().cmdline()
    starts = [number for number, word in enumerate(words) if word == "launch" or word.endswith(LAUNCHERS)]
    if not starts:
        return
    launched = launch_command_parser().parse_args(words[starts[0] + 1 :])
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
    os.execv(sys.executable, [sys.executable, "-m", "torch.distributed.run", *options, *sys.argv])
