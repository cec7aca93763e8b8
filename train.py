"""`accelerate launch train.py --config configs/logmel.yaml --data.root ESC-50`: config → folds → results."""

import sys

from esc_gpu.cli.launch import end_with_launcher, start_all_processes
from esc_gpu.cli.main import train

if __name__ == "__main__":
    end_with_launcher()
    start_all_processes()
    sys.exit(train(sys.argv[1:]))
