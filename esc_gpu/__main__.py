"""`python -m esc_gpu COMMAND` is `esc-gpu COMMAND`; `accelerate launch -m esc_gpu train` is train.py anywhere."""

import sys

from esc_gpu.cli.launch import end_with_launcher, start_all_processes
from esc_gpu.cli.main import main
from esc_gpu.cli.reporting import finish
from esc_gpu.cli.run_options import parse


def start() -> int:
    if sys.argv[1:2] == ["train"]:
        end_with_launcher()
        start_all_processes(lambda: parse(sys.argv[2:], "esc-gpu train"))
    return main()


if __name__ == "__main__":
    sys.exit(finish(start))
