"""Accelerators by the options of a run."""

from esc_gpu.config.parse import parse_run
from esc_gpu.training.accelerator import create_accelerator


def create(folder, *options):
    return create_accelerator(parse_run(list(options), "train.py"), folder)
