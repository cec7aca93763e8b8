"""`accelerate launch train.py --config configs/logmel.yaml --data.root ESC-50`: config → folds → results."""

import sys

from esc_gpu.cli.commands.train import main
from esc_gpu.cli.launch import end_with_launcher, start_all_processes

if __name__ == "__main__":
    end_with_launcher()
    start_all_processes()
    sys.exit(main(sys.argv[1:]))
