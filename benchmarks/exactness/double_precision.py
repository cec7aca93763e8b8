"""train.py with the backbone in float64, for the comparison of runs that float32's rounding would drive apart."""

import sys
from typing import Any

import esc_gpu.training.loop
from esc_gpu.cli.commands.train import main as train
from esc_gpu.cli.launch import start_all_processes
from esc_gpu.config.schema import RunConfig
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.training.build_model import build_model


def build_double(config: RunConfig, num_classes: int, *others: Any) -> WaveformClassifier:
    """The model of the config, its backbone in float64; the arguments are those of `build_model`."""
    model = build_model(config, num_classes, *others)
    model.backbone.double()
    return model


if __name__ == "__main__":
    start_all_processes()
    esc_gpu.training.loop.build_model = build_double
    sys.exit(train(sys.argv[1:]))
