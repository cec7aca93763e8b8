"""`accelerate launch train.py --config logmel --data.root ESC-50`: config → folds → results."""

import sys

from esc_gpu.cli.commands.train import main
from esc_gpu.cli.launch import end_with_launcher, start_all_processes
from esc_gpu.cli.reporting import finish
from esc_gpu.cli.run_options import parse


def start() -> int:
    end_with_launcher()
    start_all_processes(lambda: parse(sys.argv[1:], "train.py"))
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(finish(start))
