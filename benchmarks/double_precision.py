"""train.py with the backbone in float64, for the comparison of runs that float32's rounding would drive apart."""

import sys

import esc_gpu.training
from esc_gpu.build import build_model
from esc_gpu.cli import train
from esc_gpu.config import RunConfig
from esc_gpu.launch import start_all_processes
from esc_gpu.model import WaveformClassifier


def build_double(config: RunConfig, n_classes: int) -> WaveformClassifier:
    """The model of the config, its backbone in float64."""
    model = build_model(config, n_classes)
    model.backbone.double()
    return model


if __name__ == "__main__":
    start_all_processes()
    esc_gpu.training.build_model = build_double
    sys.exit(train(sys.argv[1:]))
